package wal_test

import (
	"errors"
	"io"
	"testing"

	"github.com/redis-lite/redis-lite/wal"
)

func TestLenWithoutZeros(t *testing.T) {
	for size := range 40 {
		for last := range size {
			b := make([]byte, size)
			b[last] = 1
			if got := wal.LenWithoutZeros(b); got != last+1 {
				t.Errorf("%d of %d bytes: %d", last+1, size, got)
			}
		}
		if got := wal.LenWithoutZeros(make([]byte, size)); got != 0 {
			t.Errorf("%d zeros: %d", size, got)
		}
	}
}

// The end of the data is found behind any number of zeros, in whichever of the
// pieces that are read together it lies.
func TestDataEnd(t *testing.T) {
	head, _ := segmentBytes()
	for _, at := range []int{0, 1, 1<<20 - 1, 1 << 20, 3<<20 + 17} {
		for _, zeros := range []int{0, 1, 8, 1 << 20, 2<<20 + 3} {
			b := append(append([]byte(nil), head...), make([]byte, at+1+zeros)...)
			b[len(head)+at] = 1
			s := openSegment(t, b)
			want := int64(len(head) + at + 1)
			if got, err := s.DataEnd(t.Context(), int64(len(head))); got != want || err != nil {
				t.Errorf("a byte at %d and %d zeros: %d, %v", at, zeros, got, err)
			}
			if got, err := s.DataEnd(t.Context(), want); got != want || err != nil {
				t.Errorf("from behind it: %d, %v", got, err)
			}
			if err := s.ReadFull(make([]byte, 2+zeros), want-1); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("a byte too many: %v", err)
			}
			if err := s.ReadFull(make([]byte, 1+zeros), want-1); err != nil {
				t.Errorf("all that there is: %v", err)
			}
		}
	}
}
