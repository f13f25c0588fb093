package crashtest

import "sync"

// set remembers the images that passed; the zero value is ready.
type set struct {
	mu   sync.Mutex
	seen map[uint64]struct{}
}

func (s *set) has(key uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.seen[key]
	return ok
}

func (s *set) add(key uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = make(map[uint64]struct{})
	}
	s.seen[key] = struct{}{}
}
