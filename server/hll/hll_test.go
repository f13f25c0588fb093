package hll

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func mustAdd(t interface{ Fatal(...any) }, s *Sketch, element string) bool {
	changed, err := s.Add([]byte(element))
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// What redis-server 7.0.15 answers to GET behind PFADD k "" a b c hello.
func TestBytesAreThoseOfRedis(t *testing.T) {
	s := New()
	for _, e := range []string{"", "a", "b", "c", "hello"} {
		mustAdd(t, &s, e)
	}
	const want = "48594c4c01000000000000000000008057318449c080430a804da5844bfb80425a"
	if got := fmt.Sprintf("%x", []byte(s)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n, err := s.Count(); n != 5 || err != nil {
		t.Errorf("counts %d, %v", n, err)
	}
}

// The two encodings hold the same registers, whatever comes; the sparse one stays
// within its bound, and adding the same again changes nothing.
func TestEncodingsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := New(), New()
		if err := b.MakeDense(); err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(0, 3000).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		for i := range n {
			e := fmt.Sprint(seed, i)
			if mustAdd(t, &a, e) != mustAdd(t, &b, e) {
				t.Fatalf("the encodings differ about %q", e)
			}
			if mustAdd(t, &a, e) {
				t.Fatalf("%q is new twice", e)
			}
		}
		var x, y Registers
		if err := errors.Join(x.Merge(a), y.Merge(b)); err != nil {
			t.Fatal(err)
		}
		if x != y {
			t.Fatal("the encodings have different registers")
		}
		if !a.Dense() && len(a) > maxSparse || a.Dense() && len(a) != denseSize {
			t.Fatalf("%d bytes, dense %v", len(a), a.Dense())
		}
		if got := float64(x.Count()); math.Abs(got-float64(n)) > 6*0.0081*float64(n)+2 {
			t.Fatalf("%d elements are counted as %v", n, got)
		}
	})
}

func TestMergeIsTheUnion(t *testing.T) {
	a, b, all := New(), New(), New()
	for i := range 4000 {
		e := fmt.Sprint("e", i)
		if i%3 != 0 {
			mustAdd(t, &a, e)
		}
		if i%3 != 1 {
			mustAdd(t, &b, e)
		}
		mustAdd(t, &all, e)
	}
	var r Registers
	if err := errors.Join(r.Merge(a), r.Merge(b)); err != nil {
		t.Fatal(err)
	}
	if n, _ := all.Count(); r.Count() != n {
		t.Errorf("the union counts %d, all together %d", r.Count(), n)
	}
	into := New()
	if err := r.MergeInto(&into); err != nil {
		t.Fatal(err)
	}
	if n, err := into.Count(); n != r.Count() || err != nil {
		t.Errorf("merged into an empty one it counts %d, %v", n, err)
	}
}

func TestCachedCount(t *testing.T) {
	s := New()
	if n, ok := s.Cached(); n != 0 || !ok {
		t.Errorf("empty: %d, %v", n, ok)
	}
	mustAdd(t, &s, "a")
	if _, ok := s.Cached(); ok {
		t.Error("the count is good although an element was added")
	}
	s.Keep(1)
	mustAdd(t, &s, "a") // changes nothing
	if n, ok := s.Cached(); n != 1 || !ok {
		t.Errorf("kept: %d, %v", n, ok)
	}
}

func TestBrokenValues(t *testing.T) {
	head := func(encoding string) string { return "HYLL" + encoding + strings.Repeat("\x00", 11) }
	for _, v := range []string{"", "HYLL", "HYLX\x01" + strings.Repeat("\x00", 11), head("\x02"), head("\x00"), head("\x00") + strings.Repeat("x", 12289)} {
		if _, err := Parse([]byte(v)); err != ErrNoSketch {
			t.Errorf("%.20q: %v", v, err)
		}
	}
	for _, runs := range []string{"", "\x7f", "\x7f\xfe", "\x7f\xff\x00", "\x7f\xfe\x81"} {
		s, err := Parse([]byte(head("\x01") + runs))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Count(); err != ErrCorrupt {
			t.Errorf("%q: %v", runs, err)
		}
		if err := s.MakeDense(); err != ErrCorrupt {
			t.Errorf("%q made dense: %v", runs, err)
		}
	}
	s, _ := Parse([]byte(head("\x01") + "\x00"))
	if _, err := s.Add([]byte("far")); err != ErrCorrupt {
		t.Errorf("adding behind the last run: %v", err)
	}
	full, _ := Parse([]byte(head("\x00") + strings.Repeat("\xf3\x3c\xcf", 4096))) // all 51, the longest run
	if n, err := full.Count(); n != 1<<63 || err != nil {
		t.Errorf("full: %d, %v", n, err)
	}
}

// Whatever a client SETs and then adds to and merges: no panic, and a valid value
// stays one.
func FuzzSketch(f *testing.F) {
	f.Add([]byte(New()), []byte("element"))
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xfd\x84\x84"), []byte("e"))
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f"), []byte("e"))
	f.Fuzz(func(t *testing.T, value, element []byte) {
		s, err := Parse(value)
		if err != nil {
			return
		}
		_, before := s.Count()
		for i := range 8 {
			// Both arguments lie in one array of the fuzzer's: append would write into
			// the other.
			_, _ = s.Add(append(slices.Clip(element), byte(i)))
		}
		if _, after := s.Count(); before == nil && after != nil {
			t.Fatalf("%q was valid and is not any more", value)
		}
		into := New()
		var r Registers
		if r.Merge(s) == nil {
			if err := r.MergeInto(&into); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func ExampleSketch() {
	s := New()
	for i := range 1000 {
		if _, err := s.Add(fmt.Append(nil, "visitor ", i%250)); err != nil {
			panic(err)
		}
	}
	n, err := s.Count()
	fmt.Println(n, err)
	// Output: 252 <nil>
}
