package mvcc

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"
)

// The model keeps the full state as of every LSN and does everything the slow way.

type modelItem struct {
	value    string
	lsn      uint64
	deadline int64
}

type bucketKey struct{ bucket, key string }

type modelState map[bucketKey]modelItem

type modelSnapshot struct {
	*Snapshot
	opened int64
}

// small makes a hundred keys split everything, and some of them have equal hashes.
var small = limits{leaf: 4, clump: 3, changes: 12, recent: 5, segment: 24, bits: 5, pending: 10, hash: 0xf000001f}

type model struct {
	m         *Map
	states    map[uint64]modelState // by LSN, as of its end
	applied   uint64
	published uint64
	snaps     []modelSnapshot
	now       int64
	handles   map[string]*Bucket // taken at the start and kept

	turns   map[string]int            // at least how many keys of a bucket came and went
	turnsAt map[uint64]map[string]int // the same by LSN
}

func newModel(presize int) *model {
	m := New(Options{Presize: presize})
	m.limits = small
	return &model{
		m:       m,
		states:  map[uint64]modelState{0: {}},
		turns:   map[string]int{},
		turnsAt: map[uint64]map[string]int{},
		handles: map[string]*Bucket{"": m.Bucket(""), "b": m.Bucket("b"), "other": m.Bucket("other")},
	}
}

// load fills the map from a snapshot file's worth of entries.
func (md *model) load(t *rapid.T) {
	for _, name := range bucketNames {
		b := md.handles[name]
		keys := rapid.SliceOfNDistinct(genKey, 0, 40, func(k []byte) string { return string(k) }).Draw(t, "keys")
		slices.SortFunc(keys, bytes.Compare)
		for len(keys) > 0 {
			n := rapid.IntRange(1, len(keys)).Draw(t, "block")
			var items []Item
			for _, k := range keys[:n] {
				it := modelItem{"loaded", uint64(rapid.IntRange(1, 9).Draw(t, "lsn")), int64(rapid.IntRange(0, 2).Draw(t, "deadline"))}
				md.states[0][bucketKey{name, string(k)}] = it
				items = append(items, Item{k, []byte(it.value), it.lsn, it.deadline})
			}
			b.Load(items)
			keys = keys[n:]
		}
	}
	md.states[9] = md.states[0]
	md.applied, md.published = 9, 0
	delete(md.states, 0)
}

func (md *model) newest() modelState { return md.states[md.applied] }

var bucketNames = []string{"", "b", "other"}

// genKey makes keys that collide, share prefixes and contain zeros.
var (
	genKey = rapid.Custom(func(t *rapid.T) []byte {
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}), 1, 3).Draw(t, "key")
		case 1:
			return fmt.Appendf(nil, "user:profile:%03d", rapid.IntRange(0, 30).Draw(t, "n"))
		default:
			return append([]byte("12345678"), make([]byte, rapid.IntRange(0, 9).Draw(t, "zeros"))...)
		}
	})
	genBucket = rapid.SampledFrom([]string{"", "", "b", "other"})
	genBound  = rapid.OneOf(rapid.Just([]byte(nil)), rapid.Just([]byte{}), genKey)
)

func (md *model) inRange(at uint64, bucket string, from, to []byte) (keys []string) {
	for k := range md.states[at] {
		if k.bucket == bucket && k.key >= string(from) && (to == nil || k.key < string(to)) {
			keys = append(keys, k.key)
		}
	}
	slices.Sort(keys)
	return keys
}

// write runs one transaction: one to five mutations under one LSN.
func (md *model) write(t *rapid.T) {
	state := maps.Clone(md.newest())
	md.applied += uint64(rapid.SampledFrom([]int{1, 1, 1, 1 << 20}).Draw(t, "step"))
	lsn := md.applied
	md.states[lsn] = state
	defer func() { md.turnsAt[lsn] = maps.Clone(md.turns) }()
	for range rapid.IntRange(1, 5).Draw(t, "mutations") {
		bucket := genBucket.Draw(t, "bucket")
		b := md.m.Bucket(bucket)
		if rapid.Bool().Draw(t, "old handle") {
			b = md.handles[bucket]
		}
		switch rapid.IntRange(0, 9).Draw(t, "mutation") {
		default:
			key := genKey.Draw(t, "key")
			value := rapid.SampledFrom([]string{"", "x", "value", "a longer value that needs more room"}).Draw(t, "value")
			deadline := rapid.SampledFrom([]int64{0, 0, 1, 2, 3, 1 << 40}).Draw(t, "deadline")
			passed := []byte(value)
			b.Set(key, passed, lsn, deadline)
			md.turns[bucket]++
			state[bucketKey{bucket, string(key)}] = modelItem{value, lsn, deadline}
			for i := range passed { // it was copied
				passed[i]++
			}
		case 6, 7, 8:
			key := genKey.Draw(t, "key")
			_, had := state[bucketKey{bucket, string(key)}]
			if got := b.Delete(key, lsn); got != had {
				t.Fatalf("Delete(%q) = %v, want %v", key, got, had)
			}
			md.turns[bucket]++
			delete(state, bucketKey{bucket, string(key)})
		case 9:
			from, to := genBound.Draw(t, "from"), genBound.Draw(t, "to")
			keys := md.inRange(lsn, bucket, from, to)
			if got := b.DeleteRange(from, to, lsn); got != len(keys) {
				t.Fatalf("DeleteRange(%q, %q) = %d, want %d", from, to, got, len(keys))
			}
			for _, k := range keys {
				delete(state, bucketKey{bucket, k})
			}
			md.turns[bucket] += len(keys)
		}
	}
}

// group runs a few transactions of one or two Sets each, whose versions enter the map
// together.
func (md *model) group(t *rapid.T) {
	var writes []Write
	for range rapid.IntRange(1, 2*writeRun/3).Draw(t, "transactions") {
		state := maps.Clone(md.newest())
		md.applied++
		md.states[md.applied] = state
		for range rapid.IntRange(1, 2).Draw(t, "sets") {
			bucket, key := genBucket.Draw(t, "bucket"), genKey.Draw(t, "key")
			deadline := rapid.SampledFrom([]int64{0, 0, 1, 1 << 40}).Draw(t, "deadline")
			value := fmt.Appendf(nil, "%d of %d", len(writes), md.applied)
			v := NewVersion(key, value, deadline)
			if !v.Made() || !bytes.Equal(v.Key(), key) || !bytes.Equal(v.Value(), value) {
				t.Fatalf("a version of %q = %q is of %q = %q", key, value, v.Key(), v.Value())
			}
			writes = append(writes, Write{bucket, v, md.applied})
			md.turns[bucket]++
			state[bucketKey{bucket, string(key)}] = modelItem{string(value), md.applied, deadline}
			key[0], value[0] = 'X', 'X' // they were copied
		}
		md.turnsAt[md.applied] = maps.Clone(md.turns)
	}
	md.m.SetVersions(writes)
}

func (md *model) publish(t *rapid.T) {
	// Any LSN of a commit will do, not only the newest: but the first must cover all.
	lsns := slices.DeleteFunc(slices.Sorted(maps.Keys(md.states)), func(l uint64) bool { return l < md.published })
	lsn := md.applied
	if md.m.started {
		lsn = rapid.SampledFrom(append(lsns, md.applied)).Draw(t, "publish")
	}
	md.published = lsn
	md.m.Publish(lsn)
}
