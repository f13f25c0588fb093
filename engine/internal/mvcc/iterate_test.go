package mvcc

import (
	"bytes"
	"slices"
	"testing"
)

// Every range between any two keys, or beside them, is what a list of the keys says, in
// both directions; bounds may be the wrong way round.
func TestEveryRange(t *testing.T) {
	var all [][]byte
	for _, stem := range []string{"", "a", "12345678", "12345678\x00\x00\x00\x00\x00\x00\x00\x00", "user:profile:", "\xff\xff"} {
		for _, end := range []string{"", "\x00", "0", "1", "12345678", "x", "\xff"} {
			if k := stem + end; k != "" {
				all = append(all, []byte(k))
			}
		}
	}
	slices.SortFunc(all, bytes.Compare)
	all = slices.CompactFunc(all, bytes.Equal)
	bounds := append([][]byte{nil}, all...)
	var keys [][]byte // every other one, so that bounds lie between keys too
	m := New(Options{})
	m.limits = small
	b := m.Bucket("")
	for i, k := range all {
		if i%2 == 0 {
			keys = append(keys, k)
			b.Set(k, k, 1, 0)
		}
	}
	m.Publish(1)
	s := m.Snapshot(0)
	defer s.Close()
	for _, from := range bounds {
		for _, to := range bounds {
			var want [][]byte
			for _, k := range keys {
				if bytes.Compare(k, from) >= 0 && (to == nil || bytes.Compare(k, to) < 0) {
					want = append(want, k)
				}
			}
			var up, down [][]byte
			for it := range b.Ascend(from, to, s.LSN()) {
				up = append(up, it.Key)
			}
			for it := range b.Descend(from, to, s.LSN()) {
				down = append(down, it.Key)
			}
			slices.Reverse(down)
			if !slices.EqualFunc(up, want, bytes.Equal) || !slices.EqualFunc(down, want, bytes.Equal) {
				t.Fatalf("from %q to %q: up %q, down %q, want %q", from, to, up, down, want)
			}
		}
	}
}
