package crashtest

import "github.com/redis-lite/redis-lite/fuzz/crashfs"

// set remembers what passed; nil remembers nothing, the zero value is ready.
type set struct{ keys crashfs.ImageSet }

func (s *set) has(key uint64) bool { return s != nil && s.keys.Has(key) }

func (s *set) add(key uint64) {
	if s != nil {
		s.keys.Add(key)
	}
}
