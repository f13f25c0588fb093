package server

import (
	"bytes"
	"testing"
)

// Whatever bytes a record is, reading it ends, and what is read is written again
// as it was, or is called no record by Check.
func FuzzRecord(f *testing.F) {
	packed := meta{kind: KindHash, isPacked: true, deadline: 1, packed: appendEntry(nil, KindHash, entry{[]byte("f"), []byte("v")})}
	f.Add(packed.append(nil))
	f.Add((&meta{kind: KindZset, isPacked: true, packed: appendEntry(nil, KindZset, entry{[]byte("m"), appendScore(nil, 1)})}).append(nil))
	f.Add((&meta{kind: KindList, number: 300, count: 1 << 40, head: -5}).append(nil))
	f.Add((&meta{kind: KindSet, number: 1, count: 7}).append(nil))
	f.Add((&meta{kind: KindList, isPacked: true, number: 9, pieces: []piece{{id: 1, size: 500}, {size: 300}}}).append(nil))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok := decodeMeta(b)
		if !ok {
			return
		}
		size := 0
		if m.isPacked {
			for e := range packedEntries(m.packed, m.kind) {
				size += len(e.k) + len(e.v)
			}
			if size > len(b) {
				t.Fatalf("%d bytes of elements in a record of %d", size, len(b))
			}
		}
		again := m.append(nil)
		if n, ok := decodeMeta(again); !ok || !bytes.Equal(n.append(nil), again) {
			t.Fatalf("%x is written as %x, which is not read back", b, again)
		}
	})
}

// The number in front of an element's key is read back, and sorts as numbers do.
func FuzzElementNumber(f *testing.F) {
	f.Add(uint64(0), uint64(1), []byte("x"))
	f.Add(uint64(255), uint64(256), []byte(nil))
	f.Add(uint64(1<<63), uint64(1<<56-1), []byte{0})
	f.Fuzz(func(t *testing.T, a, b uint64, sub []byte) {
		ka, kb := append(appendNumber(nil, a), sub...), append(appendNumber(nil, b), sub...)
		if n, rest, ok := cutNumber(ka); !ok || n != a || !bytes.Equal(rest, sub) {
			t.Fatalf("%d %x: read as %d %x %v", a, sub, n, rest, ok)
		}
		if a < b && bytes.Compare(ka, kb) >= 0 || a > b && bytes.Compare(ka, kb) <= 0 {
			t.Fatalf("%d and %d: %x and %x are out of order", a, b, ka, kb)
		}
		cutNumber(sub)
	})
}
