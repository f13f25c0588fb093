package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

const dir = "db"

// small builds two segments: LSN 1 to 3 sealed, LSN 4 to 7 and a MARK.
func small(tb testing.TB) *recoverytest.Builder {
	b := recoverytest.New(tb, memfs.New(), dir)
	s := b.Segment()
	s.Frame(wal.FlagSynced, recoverytest.Set("a", "1"))
	s.Frame(wal.FlagSynced, recoverytest.Set("b", "2"), recoverytest.Set("c", "3"))
	s.Seal()
	s = b.Segment()
	s.Frame(wal.FlagSynced, recoverytest.Set("a", "4"), recoverytest.Delete("b"))
	s.Frame(wal.FlagSynced, recoverytest.Set("d", "6"))
	s.Frame(wal.FlagSynced, recoverytest.Set("e", "7"))
	s.Mark()
	return b
}

func open(tb testing.TB, b *recoverytest.Builder) *inspect.Store {
	tb.Helper()
	s, err := inspect.Open(b.FS, b.Dir, inspect.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func frames(tb testing.TB, s *inspect.Store, from inspect.From, reverse bool) (all []*inspect.Frame) {
	tb.Helper()
	for f, err := range s.Frames(context.Background(), from, reverse) {
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, f.Clone())
	}
	return all
}

// brief is a walk in a few words, one for each frame or span.
func brief(all []*inspect.Frame) (lines []string) {
	for _, f := range all {
		line := fmt.Sprintf("%d@%d+%d %v", f.Segment, f.Offset, f.Size, f.Verdict.Kind)
		switch {
		case f.Empty() != "":
			line += " " + f.Empty()
		case f.Valid():
			line += fmt.Sprintf(" LSN %d to %d", f.LSN, f.Header.LastLSN())
		case !f.Verdict.Lost.Empty():
			line += " lost " + f.Verdict.Lost.String()
		}
		if f.Valid() && !f.Proven {
			line += " unproven"
		}
		lines = append(lines, line)
	}
	return lines
}

func expect(tb testing.TB, got []string, want ...string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("got:")
		for _, l := range got {
			tb.Errorf("  %q,", l)
		}
	}
}

func TestASoundLogIsShownFrameByFrame(t *testing.T) {
	b := small(t)
	b.Segments[1].Fill(64)
	b.Write()
	expect(t, brief(frames(t, open(t, b), inspect.From{}, false)),
		"1@4096+56 valid LSN 1 to 1",
		"1@4152+64 valid LSN 2 to 3",
		"1@4216+40 valid seal",
		"2@4096+64 valid LSN 4 to 5",
		"2@4160+56 valid LSN 6 to 6",
		"2@4216+56 valid LSN 7 to 7",
		"2@4272+40 valid mark",
		"2@4312+64 zeros",
	)
}

func TestTheNewestFrameIsUnproven(t *testing.T) {
	b := small(t)
	b.Segments[1].Frame(wal.FlagSynced, recoverytest.Set("new", "8"))
	b.Write()
	got := brief(frames(t, open(t, b), inspect.From{LSN: 7}, false))
	expect(t, got,
		"2@4216+56 valid LSN 7 to 7",
		"2@4272+40 valid mark",
		"2@4312+56 valid LSN 8 to 8 unproven",
	)
}

func TestDamageInTheMiddleIsPassedOverWithItsLoss(t *testing.T) {
	b := small(t)
	b.Segments[1].Flip(4160 + 45) // in the body of LSN 6
	b.Write()
	all := frames(t, open(t, b), inspect.From{Segment: 2}, false)
	expect(t, brief(all),
		"2@4096+64 valid LSN 4 to 5",
		"2@4160+56 damaged lost LSN 6",
		"2@4216+56 valid LSN 7 to 7",
		"2@4272+40 valid mark",
	)
	v := all[1].Verdict
	if v.Check != "body CRC" || v.Expected == v.Found || v.Expected == "" || v.Rule != 4 || v.Proof != 4216 {
		t.Errorf("%+v", v)
	}
}

func TestATornTailNamesWhatItHeld(t *testing.T) {
	b := small(t)
	s := b.Segments[1]
	f := s.Frame(wal.FlagSynced, recoverytest.Set("torn", "8"), recoverytest.Set("torn too", "9"))
	s.Zero(f.End-24, 24)
	b.Write()
	all := frames(t, open(t, b), inspect.From{LSN: 8}, false)
	expect(t, brief(all),
		"2@4272+40 valid mark",
		"2@4312+48 torn lost LSN 8 to 9",
		"2@4360+24 zeros",
	)
}

func TestAMissingSegmentIsASpanWithItsLoss(t *testing.T) {
	b := small(t)
	s := b.Segment()
	s.Frame(wal.FlagSynced, recoverytest.Set("f", "8"))
	b.Write()
	if err := b.FS.Remove(b.SegmentPath(b.Segments[1])); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1@4096+56 valid LSN 1 to 1",
		"1@4152+64 valid LSN 2 to 3",
		"1@4216+40 valid seal",
		"2@0+0 missing lost LSN 4 to 7",
		"3@4096+56 valid LSN 8 to 8 unproven",
	}
	expect(t, brief(frames(t, open(t, b), inspect.From{}, false)), want...)
	slices.Reverse(want)
	expect(t, brief(frames(t, open(t, b), inspect.From{}, true)), want...)
}

func TestASegmentWithoutHeaderIsASpanWithItsLoss(t *testing.T) {
	b := small(t)
	b.Segments[0].Flip(20)
	b.Write()
	all := frames(t, open(t, b), inspect.From{}, false)
	expect(t, brief(all)[:1], "1@0+4256 damaged lost LSN 1 to 3")
	if len(all) != 5 {
		t.Error(brief(all))
	}
}

func TestARecordOfANewerProgramIsShownAndNotDecoded(t *testing.T) {
	b := small(t)
	b.Segments[1].Raw(wal.FlagSynced, 1, []byte{0x82, 0x18, 99, 0x80})
	b.Write()
	var last inspect.Record
	for r, err := range open(t, b).Records(context.Background(), inspect.From{LSN: 8}, false) {
		if err != nil {
			t.Fatal(err)
		}
		last = r
	}
	if last.LSN != 8 || !errors.Is(last.Err, record.ErrUnknownKind) || len(last.Raw) != 4 {
		t.Errorf("%+v", last)
	}
}

func TestRecordsBothWays(t *testing.T) {
	b := small(t)
	b.Write()
	s := open(t, b)
	walk := func(from inspect.From, reverse bool) (lsns []uint64) {
		for r, err := range s.Records(context.Background(), from, reverse) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Raw != nil {
				lsns = append(lsns, r.LSN)
				if r.Err != nil || len(r.Commit.Mutations) != 1 {
					t.Errorf("LSN %d: %v %v", r.LSN, r.Commit, r.Err)
				}
				if got := recoverytest.ReadFile(t, b.FS, r.Frame.File)[r.At:][:len(r.Raw)]; string(got) != string(r.Raw) {
					t.Errorf("LSN %d is not at %d", r.LSN, r.At)
				}
			}
		}
		return lsns
	}
	for _, c := range []struct {
		from    inspect.From
		reverse bool
		want    []uint64
	}{
		{inspect.From{}, false, []uint64{1, 2, 3, 4, 5, 6, 7}},
		{inspect.From{}, true, []uint64{7, 6, 5, 4, 3, 2, 1}},
		{inspect.From{LSN: 3}, false, []uint64{3, 4, 5, 6, 7}},
		{inspect.From{LSN: 2}, true, []uint64{2, 1}},
		{inspect.From{LSN: 99}, false, nil},
		{inspect.From{LSN: 99}, true, []uint64{7, 6, 5, 4, 3, 2, 1}},
		{inspect.From{Segment: 2, Offset: 4160}, false, []uint64{6, 7}},
		{inspect.From{Segment: 2, Offset: 4159}, true, []uint64{5, 4, 3, 2, 1}},
	} {
		if got := walk(c.from, c.reverse); !slices.Equal(got, c.want) {
			t.Errorf("%+v reverse=%v: %v, want %v", c.from, c.reverse, got, c.want)
		}
	}
}

// Whatever is done to the bytes of a segment, a walk covers each of them once, in
// order, both ways alike, and counts as lost just those LSNs that it does not show.
func TestAWalkCoversEveryByteOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := recoverytest.New(t, memfs.New(), dir)
		for range rapid.IntRange(1, 3).Draw(rt, "segments") {
			s := b.Segment()
			for range rapid.IntRange(0, 8).Draw(rt, "frames") {
				var commits []record.Commit
				for range rapid.IntRange(1, 3).Draw(rt, "records") {
					commits = append(commits, recoverytest.Set(rapid.StringN(1, 4, 8).Draw(rt, "key"), rapid.StringN(0, 60, 90).Draw(rt, "value")))
				}
				s.Frame(wal.FlagSynced, commits...)
			}
			s.Seal()
		}
		last := b.NextLSN() - 1
		b.Segments[len(b.Segments)-1].Fill(rapid.SampledFrom([]int{0, 64, 4096}).Draw(rt, "fill"))
		for range rapid.IntRange(0, 4).Draw(rt, "wounds") {
			s := b.Segments[rapid.IntRange(0, len(b.Segments)-1).Draw(rt, "where")]
			if room := len(s.Buf) - wal.HeaderBlock; room > 0 {
				off := int64(wal.HeaderBlock + rapid.IntRange(0, room-1).Draw(rt, "offset"))
				n := min(int64(rapid.IntRange(1, 100).Draw(rt, "length")), int64(len(s.Buf))-off)
				switch rapid.IntRange(0, 2).Draw(rt, "how") {
				case 0:
					s.Flip(off)
				case 1:
					s.Zero(off, n)
				default:
					s.Buf = s.Buf[:off]
				}
			}
		}
		b.Write()
		s := open(t, b)
		all := frames(t, s, inspect.From{}, false)
		at := map[uint64]int64{}
		have := map[uint64]string{}
		for _, f := range all {
			off, ok := at[f.Segment]
			if !ok {
				off = wal.HeaderBlock
			}
			if f.Offset != off && f.Size > 0 {
				rt.Fatalf("segment %d: %d comes behind %d\n%q", f.Segment, f.Offset, off, brief(all))
			}
			at[f.Segment] = max(off, f.End())
			lost := f.Verdict.Lost
			if lost.Open {
				lost.To = max(lost.To, last)
			}
			if f.Valid() && f.Count() > 0 {
				lost = inspect.LSNs{From: f.LSN, To: f.Header.LastLSN()}
			}
			for n := lost.From; n <= lost.To && f.Verdict.Kind != inspect.Valid || f.Count() > 0 && n <= lost.To; n++ {
				if what := have[n]; what != "" {
					rt.Fatalf("LSN %d is twice: %s and %v\n%q", n, what, f.Verdict.Kind, brief(all))
				}
				have[n] = f.Verdict.Kind.String()
			}
		}
		for _, g := range b.Segments {
			if end, ok := at[g.Header.Seq]; ok && end != int64(len(g.Buf)) {
				rt.Fatalf("segment %d: covered to %d of %d\n%q", g.Header.Seq, end, len(g.Buf), brief(all))
			}
		}
		back := frames(t, s, inspect.From{}, true)
		slices.Reverse(back)
		if got, want := brief(back), brief(all); !slices.Equal(got, want) {
			rt.Fatalf("backwards:\n%q\nforwards:\n%q", got, want)
		}
		// What recovery makes of it is what we make of it.
		found, err := recovery.Verify(context.Background(), b.FS, b.Dir, recovery.VerifyOptions{})
		if err != nil {
			rt.Fatal(err)
		}
		worst := inspect.Valid
		for _, f := range all {
			worst = max(worst, f.Verdict.Kind)
		}
		if worst.Bad() != (found.Worst() == recovery.Damage) || (worst == inspect.Torn) != (found.Worst() == recovery.Torn) {
			rt.Fatalf("%v, but Verify says %v\n%q", worst, found.List, brief(all))
		}
	})
}

// A value may hold any bytes, those of an earlier frame of this very segment too:
// behind damage they are not taken for a frame.
func TestACopyOfAnEarlierFrameIsNoFrame(t *testing.T) {
	b := recoverytest.New(t, memfs.New(), dir)
	s := b.Segment()
	first := s.Frame(wal.FlagSynced, recoverytest.Set("a", "1"))
	early := string(s.Buf[first.Offset:first.End])
	f := s.Frame(wal.FlagSynced, recoverytest.Set("b", ".............."+early)) // aligned in the file
	s.Frame(wal.FlagSynced, recoverytest.Set("c", "3"))
	s.Mark()
	at := strings.Index(string(s.Buf[f.Offset:]), early)
	if at%wal.Alignment != 0 {
		t.Fatal("the copy is not where a frame could be: ", at)
	}
	s.Flip(f.Offset + 4) // the header, which would say how long it is
	b.Write()
	expect(t, brief(frames(t, open(t, b), inspect.From{}, false)),
		"1@4096+56 valid LSN 1 to 1",
		"1@4152+120 damaged lost LSN 2",
		"1@4272+56 valid LSN 3 to 3",
		"1@4328+40 valid mark",
	)
}

// What is written during a walk, in segments that it had not heard of, is seen.
func TestAWalkGoesOnBehindARotation(t *testing.T) {
	fsys := memfs.New()
	db, err := engine.Open(dir, &engine.Options{FS: fsys, SegmentSize: 64 << 10, SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	put := func(n int) {
		for range n {
			if err := db.Set(t.Context(), []byte("k"), make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(5)
	s, err := inspect.Open(fsys, dir, inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	next, segment := uint64(1), uint64(0)
	for r, err := range s.Records(t.Context(), inspect.From{}, false) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Raw == nil {
			continue
		}
		if r.LSN != next {
			t.Fatalf("LSN %d, expected %d", r.LSN, next)
		}
		if next++; r.LSN == 5 {
			put(300)
		}
		segment = r.Frame.Segment
	}
	if next != 306 || segment < 3 {
		t.Errorf("it ended before LSN %d, in segment %d", next, segment)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A segment of several mebibytes is walked backwards in pieces; frames larger than
// a piece, and damage across its border, are in the right place all the same.
func TestALargeSegmentBackwards(t *testing.T) {
	b := recoverytest.New(t, memfs.New(), dir)
	s := b.Segment()
	s.Header.Reach = 8 << 20
	s.Encode()
	for i := range 400 {
		size := 5000 + i
		if i == 200 {
			size = 3 << 20
		}
		f := s.Frame(wal.FlagSynced, recoverytest.Set(fmt.Sprint("key", i), strings.Repeat("x", size)), recoverytest.Set("k", "v"))
		if i%97 == 5 {
			s.Flip(f.Offset + 1000)
		}
	}
	s.Mark()
	b.Write()
	st := open(t, b)
	forwards, backwards := brief(frames(t, st, inspect.From{}, false)), brief(frames(t, st, inspect.From{}, true))
	slices.Reverse(backwards)
	if !slices.Equal(forwards, backwards) || len(forwards) != 401 {
		t.Errorf("%d forwards, %d backwards", len(forwards), len(backwards))
	}
	next := uint64(0)
	for r, err := range st.Records(context.Background(), inspect.From{}, true) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Raw == nil {
			next = 0
			continue
		}
		if next != 0 && r.LSN != next-1 || r.Err != nil {
			t.Fatalf("LSN %d before %d, %v", r.LSN, next, r.Err)
		}
		next = r.LSN
	}
}
