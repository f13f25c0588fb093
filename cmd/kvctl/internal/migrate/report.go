package migrate

import "slices"

// Types are those that are copied, in the order of reports.
var Types = []string{"string", "list", "set", "zset", "hash"}

// maxNamed bounds the keys that a Report names; it counts them all.
const maxNamed = 1000

// Report tells what Copy and Verify did.
type Report struct {
	Databases []int // that were copied

	Copied int64 // keys that were written
	Kept   int64 // that the target held as they are
	Bytes  int64 // of keys and elements read for it

	Skipped Named // of types that are not copied
	Refused Named // that the target does not take

	Verified  bool // Verify came to its end
	Types     map[string]*TypeReport
	Missing   Named // in the target
	Different Named
	Expired   int64 // that the target no longer shows, and the source does
	Others    int64 // keys of the target that the source does not have
}

func newReport() *Report {
	r := &Report{Types: make(map[string]*TypeReport)}
	for _, t := range Types {
		r.Types[t] = new(TypeReport)
	}
	return r
}

// Same reports whether everything that the source holds was found in the target.
func (r *Report) Same() bool {
	return r.Verified && r.Skipped.Count+r.Refused.Count+r.Missing.Count+r.Different.Count == 0
}

// TypeReport is one type on both sides.
type TypeReport struct {
	SourceKeys, TargetKeys         int64
	SourceElements, TargetElements int64 // of strings: bytes
	Source, Target                 Digest
}

func (t *TypeReport) addSource(h head, sum [32]byte) {
	t.SourceKeys++
	t.SourceElements += h.size
	t.Source.add(sum)
}

func (t *TypeReport) addTarget(h head, sum [32]byte) {
	t.TargetKeys++
	t.TargetElements += h.size
	t.Target.add(sum)
}

// Named counts keys, and names the first thousand.
type Named struct {
	Count int64
	First []NamedKey
}

// NamedKey is a key with what is to be said of it.
type NamedKey struct {
	DB  int
	Key []byte
	Why string // its type, or an error
}

func (n *Named) add(db int, key []byte, why string) {
	n.Count++
	if len(n.First) < maxNamed {
		n.First = append(n.First, NamedKey{db, slices.Clone(key), why})
	}
}

// has reports whether a key is among those that are named.
func (n *Named) has(db int, key []byte) bool {
	return slices.ContainsFunc(n.First, func(k NamedKey) bool { return k.DB == db && string(k.Key) == string(key) })
}
