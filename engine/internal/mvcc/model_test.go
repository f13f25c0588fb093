package mvcc

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

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
var small = limits{leaf: 4, segment: 24, bits: 5, pending: 10, hash: 0xf000001f}

type model struct {
	m         *Map
	states    map[uint64]modelState // by LSN, as of its end
	applied   uint64
	published uint64
	snaps     []modelSnapshot
	now       int64
	handles   map[string]*Bucket // taken at the start and kept
}

func newModel(presize int) *model {
	m := New(Options{Presize: presize})
	m.limits = small
	return &model{
		m:       m,
		states:  map[uint64]modelState{0: {}},
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
		}
	}
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

func (md *model) readAt(t *rapid.T, at uint64) {
	bucket := genBucket.Draw(t, "bucket")
	b := md.m.Lookup(bucket)
	if b == nil {
		if n := len(md.inRange(at, bucket, nil, nil)); n > 0 {
			t.Fatalf("bucket %q is not there, with %d keys at LSN %d", bucket, n, at)
		}
		return
	}
	for range 3 {
		key := genKey.Draw(t, "key")
		got, ok := b.Get(key, at)
		md.compare(t, "Get", at, bucketKey{bucket, string(key)}, got, ok)
	}
	if !md.m.started {
		return // no ranges yet
	}
	from, to := genBound.Draw(t, "from"), genBound.Draw(t, "to")
	keys := md.inRange(at, bucket, from, to)
	i := 0
	for it := range b.Ascend(from, to, at) {
		if i == len(keys) || string(it.Key) != keys[i] {
			t.Fatalf("Ascend(%q, %q) at %d: key %d is %q, want %q", from, to, at, i, it.Key, keys)
		}
		md.compare(t, "Ascend", at, bucketKey{bucket, keys[i]}, it, true)
		i++
	}
	if i != len(keys) {
		t.Fatalf("Ascend(%q, %q) at %d: %d keys, want %q", from, to, at, i, keys)
	}
	for it := range b.Descend(from, to, at) {
		if i == 0 || string(it.Key) != keys[i-1] {
			t.Fatalf("Descend(%q, %q) at %d: %q with %d to go, want %q", from, to, at, it.Key, i, keys)
		}
		i--
		md.compare(t, "Descend", at, bucketKey{bucket, keys[i]}, it, true)
	}
	if i != 0 {
		t.Fatalf("Descend(%q, %q) at %d: %d keys missing of %q", from, to, at, i, keys)
	}
}

func (md *model) compare(t *rapid.T, what string, at uint64, k bucketKey, got Item, ok bool) {
	want, wantOK := md.states[at][k]
	if ok != wantOK {
		t.Fatalf("%s %q at LSN %d: found %v, want %v", what, k, at, ok, wantOK)
	}
	if ok && (string(got.Value) != want.value || got.LSN != want.lsn || got.Deadline != want.deadline || string(got.Key) != k.key) {
		t.Fatalf("%s %q at LSN %d: %+v, want %+v", what, k, at, got, want)
	}
}

func (md *model) due(t *rapid.T) {
	now := rapid.Int64Range(0, 4).Draw(t, "now")
	var want []DueItem
	next := int64(0)
	for k, it := range md.newest() {
		if it.deadline != 0 && (next == 0 || it.deadline < next) {
			next = it.deadline
		}
		if it.deadline != 0 && it.deadline <= now {
			want = append(want, DueItem{k.bucket, []byte(k.key), it.lsn, it.deadline})
		}
	}
	if got := md.m.NextDeadline(); got != next {
		t.Fatalf("NextDeadline() = %d, want %d", got, next)
	}
	if got := md.m.DueCount(now); got != len(want) {
		t.Fatalf("DueCount(%d) = %d, want %d", now, got, len(want))
	}
	limit := rapid.IntRange(0, 10).Draw(t, "limit")
	got := md.m.Due(now, limit)
	if len(got) != min(limit, len(want)) {
		t.Fatalf("Due(%d, %d) gave %d items of %d", now, limit, len(got), len(want))
	}
	for i, g := range got {
		if i > 0 && got[i-1].Deadline > g.Deadline {
			t.Fatalf("Due: deadline %d comes before %d", got[i-1].Deadline, g.Deadline)
		}
		if !slices.ContainsFunc(want, func(w DueItem) bool {
			return w.Bucket == g.Bucket && bytes.Equal(w.Key, g.Key) && w.LSN == g.LSN && w.Deadline == g.Deadline
		}) {
			t.Fatalf("Due: %+v is not due", g)
		}
	}
}

// visibleVersions counts the versions that somebody can see now or after more is
// published: what an ideal collector would leave.
func (md *model) visibleVersions() int {
	type version struct {
		bucketKey
		lsn uint64
	}
	seen := make(map[version]bool)
	look := func(at uint64) {
		for k, it := range md.states[at] {
			seen[version{k, it.lsn}] = true
		}
	}
	for _, s := range md.snaps {
		look(s.LSN())
	}
	for lsn := range md.states {
		if lsn >= md.published {
			look(lsn)
		}
	}
	return len(seen)
}

// settled checks what the map holds on to after the collector has finished.
func (md *model) settled(t *rapid.T) {
	for md.m.Collect(rapid.IntRange(1, 20).Draw(t, "limit")) > 0 {
	}
	st := md.m.Stats()
	if md.published == md.applied && st.Versions-st.Tombstones != md.visibleVersions() {
		t.Fatalf("%d versions are stored, %d are visible", st.Versions-st.Tombstones, md.visibleVersions())
	}
	if len(md.snaps) == 0 && md.published == md.applied {
		if st.Tombstones != 0 || st.Dirty != 0 || st.Versions != st.Keys {
			t.Fatalf("with nobody reading, this is left: %+v", st)
		}
		buckets := make(map[string]bool)
		for k := range md.newest() {
			buckets[k.bucket] = true
		}
		if st.Buckets != len(buckets) {
			t.Fatalf("%d buckets are there, %v have keys", st.Buckets, buckets)
		}
	}
}

func (md *model) check(t *rapid.T) {
	md.m.mu.Lock()
	err := md.m.check()
	md.m.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	st := md.m.Stats()
	if st.Keys != len(md.newest()) || st.Snapshots != len(md.snaps) || st.Bytes != md.m.Bytes() || st.Bytes < 0 {
		t.Fatalf("%d keys and %d snapshots, but %+v", len(md.newest()), len(md.snaps), st)
	}
	if len(md.snaps) > 0 {
		oldest := slices.MinFunc(md.snaps, func(a, b modelSnapshot) int { return int(a.opened - b.opened) })
		if st.OldestSnapshotLSN != oldest.LSN() || st.OldestSnapshotOpened != oldest.opened {
			t.Fatalf("oldest snapshot %d of %d, but %+v", oldest.LSN(), oldest.opened, st)
		}
	}
	if md.m.Published() != md.published {
		t.Fatalf("Published() = %d, want %d", md.m.Published(), md.published)
	}
	var names []string
	for _, b := range md.m.Buckets() {
		names = append(names, b.Name())
	}
	if !slices.IsSorted(names) {
		t.Fatalf("buckets are not sorted: %q", names)
	}
	for k := range md.newest() {
		if !slices.Contains(names, k.bucket) {
			t.Fatalf("bucket %q is missing among %q", k.bucket, names)
		}
	}
}

func TestTheMapBehavesLikeAListOfStates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		md := newModel(rapid.SampledFrom([]int{0, 20, 1000}).Draw(t, "presize"))
		if rapid.Bool().Draw(t, "load") {
			md.load(t)
		}
		t.Repeat(map[string]func(*rapid.T){
			"write":   md.write,
			"write2":  md.write,
			"publish": md.publish,
			"publishAll": func(t *rapid.T) {
				md.published = md.applied
				md.m.Publish(md.applied)
			},
			"snapshot": func(t *rapid.T) {
				if !md.m.started {
					t.Skip("not published yet")
				}
				md.now++
				md.snaps = append(md.snaps, modelSnapshot{md.m.Snapshot(md.now), md.now})
			},
			"close": func(t *rapid.T) {
				if len(md.snaps) == 0 {
					t.Skip("no snapshot")
				}
				i := rapid.IntRange(0, len(md.snaps)-1).Draw(t, "which")
				md.snaps[i].Close()
				md.snaps[i].Close()
				md.snaps = slices.Delete(md.snaps, i, i+1)
			},
			"readSnapshot": func(t *rapid.T) {
				if len(md.snaps) == 0 {
					t.Skip("no snapshot")
				}
				md.readAt(t, rapid.SampledFrom(md.snaps).Draw(t, "snapshot").LSN())
			},
			"readNewest": func(t *rapid.T) {
				md.states[Newest] = md.newest()
				md.readAt(t, Newest)
				delete(md.states, Newest)
			},
			"getLatest": func(t *rapid.T) {
				for _, name := range bucketNames {
					b, key := md.handles[name], genKey.Draw(t, "key")
					got, ok := b.GetLatest(key)
					if !md.m.started {
						if ok {
							t.Fatalf("key %q is visible before anything was published", key)
						}
						continue
					}
					md.compare(t, "GetLatest", md.published, bucketKey{b.Name(), string(key)}, got, ok)
				}
			},
			"len": func(t *rapid.T) {
				for _, b := range md.handles {
					if want := len(md.inRange(md.applied, b.Name(), nil, nil)); b.Len() != want {
						t.Fatalf("Len() of %q = %d, want %d", b.Name(), b.Len(), want)
					}
				}
			},
			"collect": func(t *rapid.T) { md.m.Collect(rapid.IntRange(0, 5).Draw(t, "limit")) },
			"settled": md.settled,
			"due":     md.due,
			"":        md.check,
		})
	})
}
