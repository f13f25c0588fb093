package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// history is a random log and what it should come to.
type history struct {
	b      *recoverytest.Builder
	frames []placed
	states []keys // states[i]: after commit i
	proven int    // commits that something proves durable
}

// placed is a frame and where it is.
type placed struct {
	recoverytest.Frame
	seg     int
	flags   uint8
	through int // commits up to and with it
}

// drawHistory draws segments of frames in Always or a lazier mode, with MARKs,
// SEALs, jumps of LSNs, zero-fill, and perhaps snapshots.
func drawHistory(t *rapid.T, tb testing.TB) *history {
	h := &history{b: recoverytest.New(tb, memfs.New(), dir), states: []keys{{}}}
	lazy := rapid.Bool().Draw(t, "lazy")
	var lsns []uint64
	for seg := range rapid.IntRange(1, 3).Draw(t, "segments") {
		first := h.b.NextLSN()
		if seg > 0 && rapid.Bool().Draw(t, "jump") {
			first += 1 << 20
		}
		s := h.b.SegmentAt(first)
		for range rapid.IntRange(0, 4).Draw(t, "frames") {
			flags := uint8(0)
			if !lazy || rapid.Bool().Draw(t, "synced") {
				flags = synced
			}
			var commits []record.Commit
			for range rapid.IntRange(1, 3).Draw(t, "commits") {
				c := drawCommit(t)
				next := maps.Clone(h.states[len(h.states)-1])
				recoverytest.Do(next, &c)
				h.states = append(h.states, next)
				commits = append(commits, c)
				lsns = append(lsns, h.b.NextLSN()+uint64(len(commits))-1)
			}
			h.add(seg, flags, s.Frame(flags, commits...))
			if rapid.IntRange(0, 4).Draw(t, "idle") == 0 {
				h.add(seg, synced|wal.FlagMark, s.Mark())
			}
		}
	}
	last := len(h.b.Segments) - 1
	h.b.Segments[last].Fill(8 * rapid.IntRange(0, 200).Draw(t, "fill"))
	// Everything before a segment that follows, or before a SYNCED frame, is proven.
	for _, f := range h.frames {
		if f.seg < last {
			h.proven = f.through
		}
	}
	before := h.proven
	for _, f := range h.frames {
		if f.seg == last {
			if f.flags&synced != 0 {
				h.proven = before
			}
			before = f.through
		}
	}
	if n := len(lsns); n > 0 && rapid.Bool().Draw(t, "snapshot") {
		at := rapid.IntRange(1, max(1, h.proven)).Draw(t, "at")
		if h.proven > 0 {
			state := h.states[at]
			var entries []record.Entry
			for _, k := range slices.Sorted(maps.Keys(state)) {
				entries = append(entries, entry(k, state[k], lsns[0]))
			}
			h.b.Snapshot(lsns[at-1], entries...)
		}
	}
	return h
}

func (h *history) add(seg int, flags uint8, f recoverytest.Frame) {
	h.frames = append(h.frames, placed{f, seg, flags, len(h.states) - 1})
}

func drawCommit(t *rapid.T) record.Commit {
	var c record.Commit
	for range rapid.IntRange(1, 3).Draw(t, "mutations") {
		key := []byte(rapid.StringMatching(`[a-f]`).Draw(t, "key"))
		switch rapid.IntRange(0, 5).Draw(t, "op") {
		case 0:
			c.Mutations = append(c.Mutations, record.Mutation{Op: record.OpDelete, Key: key})
		case 1:
			c.Mutations = append(c.Mutations, record.Mutation{Op: record.OpDeleteRange, Key: key, To: append(key[:1:1], 'z')})
		default:
			c.Mutations = append(c.Mutations, record.Mutation{Op: record.OpSet, Key: key,
				Value: rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "value")})
		}
	}
	return c
}

// What was written is what comes back, and a reader sees what is proven.
func TestAnyLogComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHistory(rt, t)
		h.b.Write()
		// The reader first: it changes nothing.
		s, got := mustReadOnly(t, h.b.FS)
		if diff := cmp.Diff(h.states[h.readable()], got.Keys); diff != "" {
			rt.Fatalf("a reader sees (-want +got):\n%s\n%v", diff, s.Report)
		}
		f, err := recovery.Verify(context.Background(), h.b.FS, dir, recovery.VerifyOptions{})
		if err != nil || f.Worst() != 0 {
			rt.Fatal(err, f)
		}
		s, got = mustOpen(t, h.b.FS)
		if diff := cmp.Diff(h.states[len(h.states)-1], got.Keys); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
		if s.NextLSN != h.b.NextLSN() || s.Report.Cut != nil {
			rt.Fatalf("next LSN %d, want %d; %+v", s.NextLSN, h.b.NextLSN(), s.Report.Cut)
		}
	})
}

// readable is what a reader sees: what is proven, or the snapshot if that is more.
func (h *history) readable() int { return h.proven }

// Whatever happens to the bytes of the log: what comes back is a prefix that
// holds all that was proven durable (the rest with a verdict of torn), or the
// error names the file and the place, at or before which the damage is.
func TestAnyDamageIsNamedOrTorn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHistory(rt, t)
		at := rapid.IntRange(0, len(h.b.Segments)-1).Draw(rt, "segment")
		seg := h.b.Segments[at]
		// Not the header: whatever is wrong with that is an error by itself.
		if seg.End() <= wal.HeaderBlock {
			rt.Skip("an empty segment")
		}
		orig := slices.Clone(seg.Buf)
		off := rapid.Int64Range(wal.HeaderBlock, seg.End()-1).Draw(rt, "offset")
		n := min(rapid.Int64Range(1, 600).Draw(rt, "length"), seg.End()-off)
		switch how := rapid.IntRange(0, 4).Draw(rt, "damage"); how {
		case 0:
			seg.Buf[off] ^= byte(rapid.IntRange(1, 255).Draw(rt, "flip"))
		case 1:
			seg.Zero(off, n)
		case 2:
			seg.Buf = seg.Buf[:off]
			n = int64(len(orig)) - off
		case 3:
			copy(seg.Buf[off:off+n], rapid.SliceOfN(rapid.Byte(), int(n), int(n)).Draw(rt, "garbage"))
		case 4: // another part of the same log, misdirected
			from := rapid.Int64Range(wal.HeaderBlock, int64(len(orig))-1).Draw(rt, "from")
			if rapid.Bool().Draw(rt, "frame") && len(h.frames) > 0 {
				f := rapid.SampledFrom(h.frames).Draw(rt, "source")
				if f.seg == at {
					from, n = f.Offset, f.End-f.Offset
				}
				off &^= 7
			}
			n = min(n, seg.End()-off)
			copy(seg.Buf[off:off+n], orig[from:min(from+n, int64(len(orig)))])
		}
		h.b.Write()
		before := image(t, h.b.FS, dir)
		f, verr := recovery.Verify(context.Background(), h.b.FS, dir, recovery.VerifyOptions{Deep: true})
		if verr != nil {
			rt.Fatal(verr)
		}
		s, got, err := tryOpen(h.b.FS)
		if err != nil {
			var damage *recovery.CorruptionError
			if !errors.As(err, &damage) || damage.LSN == 0 || damage.Offset < 0 {
				rt.Fatalf("not named: %v", err)
			}
			if damage.File != h.b.SegmentPath(seg) {
				rt.Fatalf("damage in %s, it is in %s: %v", damage.File, h.b.SegmentPath(seg), err)
			}
			if damage.Offset > off+n+64 || f.Worst() != recovery.Damage {
				rt.Fatalf("damage at %d, it is at %d; verify: %+v", damage.Offset, off, f)
			}
			wantImage(t, h.b.FS, before)
			return
		}
		found := h.prefix(got.Keys, s)
		if proven := h.provenStill(at, off, off+n); found < proven {
			rt.Fatalf("%d commits came back, %d were proven durable; %v", found, proven, s.Report)
		}
		if found < len(h.states)-1 && s.Report.Cut == nil && !slices.Equal(trim(seg.Buf), trim(orig[:min(len(orig), len(seg.Buf))])) &&
			len(trim(seg.Buf)) > int(h.endOf(at, found)) {
			rt.Fatalf("%d of %d commits came back, and nothing was cut", found, len(h.states)-1)
		}
		if (f.Worst() == recovery.Torn) != (s.Report.Cut != nil) && f.Worst() != recovery.Damage {
			rt.Fatalf("open cut %+v, verify found %+v", s.Report.Cut, f)
		}
		again, got2 := mustOpen(t, h.b.FS)
		if diff := cmp.Diff(got.Keys, got2.Keys); diff != "" || again.NextLSN != s.NextLSN || again.Report.Cut != nil {
			rt.Fatalf("a second open differs: %s, next LSN %d and %d", diff, s.NextLSN, again.NextLSN)
		}
	})
}

// provenStill is how many commits are proven by what lies outside of the damaged
// range of a segment: damage can take the proof with it.
func (h *history) provenStill(seg int, from, to int64) (proven int) {
	last, before := len(h.b.Segments)-1, 0
	for _, f := range h.frames {
		switch {
		case f.seg < last:
			proven = f.through
		case f.flags&synced != 0 && (seg != last || f.Offset+wal.FrameHeaderSize <= from || f.Offset >= to):
			proven = max(proven, before)
		}
		before = f.through
	}
	if n := len(h.b.Manifest.Snapshots); n > 0 {
		for i := range h.states {
			if h.lsn(i) <= h.b.Manifest.Snapshots[n-1].LSN {
				proven = max(proven, i)
			}
		}
	}
	return proven
}

// prefix finds how many commits a state is the result of; it fails when it is
// that of no prefix.
func (h *history) prefix(got keys, s *recovery.Store) int {
	for n := len(h.states) - 1; n >= 0; n-- {
		if maps.Equal(h.states[n], got) && h.lsn(n) <= s.Report.LastLSN {
			return n
		}
	}
	h.b.TB.Fatalf("no prefix: %v of %v", got, h.states)
	return 0
}

// lsn is that of commit n, 0 for none.
func (h *history) lsn(n int) uint64 {
	if n == 0 {
		return 0
	}
	for _, f := range h.frames {
		if f.through >= n && f.Count > 0 {
			return f.FirstLSN + uint64(f.Count) - uint64(f.through-n) - 1
		}
	}
	panic(fmt.Sprint("no commit ", n))
}

// endOf is where a segment's frames of the first n commits end.
func (h *history) endOf(seg, n int) int64 {
	end := int64(wal.HeaderBlock)
	for _, f := range h.frames {
		if f.seg == seg && f.through <= n {
			end = f.End
		}
	}
	return end
}

func trim(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}

// Salvage accounts for every commit of a damaged log exactly once.
func TestSalvageAccountsForEverything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHistory(rt, t)
		h.b.Manifest.Snapshots = nil // they would cover for what is lost
		at := rapid.IntRange(0, len(h.b.Segments)-1).Draw(rt, "segment")
		seg := h.b.Segments[at]
		if seg.End() <= wal.HeaderBlock {
			rt.Skip("an empty segment")
		}
		off := rapid.Int64Range(wal.HeaderBlock, seg.End()-1).Draw(rt, "offset")
		n := min(rapid.Int64Range(1, 600).Draw(rt, "length"), seg.End()-off)
		for i := range n {
			seg.Buf[off+i] ^= 0x55
		}
		h.b.Write()
		skip := rapid.Bool().Draw(rt, "skip")
		loss, err := recovery.Recover(context.Background(), h.b.FS, dir, dst, recovery.RecoverOptions{SkipCorrupt: skip})
		if err != nil {
			rt.Fatal(err)
		}
		fate := map[uint64]int{}
		for i, list := range [][]recovery.LSNRange{loss.Kept, loss.Doubtful, loss.Lost, loss.Unused} {
			for _, r := range list {
				if r.To < r.From || r.Reason == "" {
					rt.Fatalf("%+v", r)
				}
				for lsn := r.From; lsn <= min(r.To, r.From+50); lsn++ {
					if fate[lsn] != 0 {
						rt.Fatalf("LSN %d has two fates: %+v", lsn, loss)
					}
					fate[lsn] = i + 1
				}
			}
		}
		for i := 1; i < len(h.states); i++ {
			if lsn := h.lsn(i); fate[lsn] == 0 && (loss.Exact() || lsn < loss.Lost[len(loss.Lost)-1].From) {
				rt.Fatalf("LSN %d has no fate: %+v", lsn, loss)
			}
		}
		_, got := openAt(t, h.b.FS, dst)
		if len(loss.Doubtful) == 0 {
			kept := 0
			for kept < len(h.states)-1 && fate[h.lsn(kept+1)] == 1 {
				kept++
			}
			if diff := cmp.Diff(h.states[kept], got.Keys); diff != "" {
				rt.Fatalf("not the prefix that was kept (-want +got):\n%s%+v", diff, loss)
			}
		}
	})
}
