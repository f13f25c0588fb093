package mvcc

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

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
	md.count(t, b, from, to, at, keys)
}

// count holds Count and Seek against the keys of a range.
func (md *model) count(t *rapid.T, b *Bucket, from, to []byte, at uint64, keys []string) {
	n, ok := b.Count(from, to, at)
	if ok && n != len(keys) {
		t.Fatalf("Count(%q, %q) at %d: %d, want %d", from, to, at, n, len(keys))
	}
	// Who reads what is published, with few commits on top, is always told.
	if newer := md.changesSince(at, b.Name()); !ok && newer <= small.recent {
		t.Fatalf("Count(%q, %q) at %d gives up after %d changes", from, to, at, newer)
	}
	skip := rapid.IntRange(0, len(keys)+1).Draw(t, "skip")
	stop, passed, ok2 := b.Seek(from, to, at, skip)
	if ok2 != ok {
		t.Fatalf("Count(%q, %q) at %d: ok is %v, Seek: %v", from, to, at, ok, ok2)
	}
	switch {
	case !ok:
	case stop == nil:
		if passed != len(keys) || skip < len(keys) {
			t.Fatalf("Seek(%q, %q, %d) at %d: end after %d, there are %d", from, to, skip, at, passed, len(keys))
		}
	default:
		if i, _ := slices.BinarySearch(keys, string(stop)); i != skip || passed != skip {
			t.Fatalf("Seek(%q, %q, %d) at %d: stops at %q, before which there are %d of %q", from, to, skip, at, stop, i, keys)
		}
	}
}

// changesSince bounds from above how many keys of a bucket came or went since an LSN.
func (md *model) changesSince(at uint64, bucket string) int {
	if at == Newest {
		return 0
	}
	return md.turns[bucket] - md.turnsAt[at][bucket]
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
			"group":   md.group,
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
					value, deadline, there := b.LatestValue(key)
					if there != ok || !bytes.Equal(value, got.Value) || deadline != got.Deadline {
						t.Fatalf("LatestValue(%q) = %q, %d, %v where GetLatest finds %+v", key, value, deadline, there, got)
					}
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
