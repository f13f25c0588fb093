package wal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// crashed is what is known when the power goes.
type crashed struct {
	listed       uint64 // segments that MANIFEST knows of
	acknowledged int    // records that are durable
	model        model
}

// judge reads what a crash left as recovery would, without mending anything. It
// fails where the rules say damage, where an acknowledged record is missing, and
// where anything is there that was not appended.
func (c *crashed) judge(fsys vfs.FS) (err error) {
	entries, err := fsys.List(testDir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if _, ok := wal.ParseSegmentName(e.Name); ok {
			names = append(names, vfs.Join(testDir, e.Name))
		} else if !strings.HasPrefix(e.Name, ".") {
			return fmt.Errorf("stray file %s", e.Name)
		}
	}
	if uint64(len(names)) < c.listed || uint64(len(names)) > c.listed+1 {
		return fmt.Errorf("%d segments, MANIFEST lists %d", len(names), c.listed)
	}
	found := 0
	next := uint64(1)
	var end *wal.InvalidError
	for i, name := range names {
		s, err := wal.OpenSegment(fsys, name)
		if err != nil {
			return err
		}
		defer s.Close()
		if i > 0 && (s.Header.Prev.End != end.Offset || s.Header.Prev.LastLSN != next-1) {
			return fmt.Errorf("%s declares %+v, the segment before ends with %v", name, s.Header.Prev, end)
		}
		sc := s.Scan(wal.HeaderBlock, s.Header.Prev.Link, s.Header.FirstLSN)
		if i+1 < len(names) {
			if after, err := wal.OpenSegment(fsys, names[i+1]); err == nil {
				sc.Limit(after.Header.Prev.End) // what it declares is authoritative
				after.Close()
			}
		}
		for {
			f, err := sc.Next()
			if errors.As(err, &end) {
				break
			}
			if err != nil {
				return err
			}
			list, _ := records(f.Body)
			for _, r := range list {
				if found >= len(c.model.records) || string(r) != string(c.model.records[found]) {
					return fmt.Errorf("record %d is %q", found+1, r)
				}
				found++
			}
			next = f.Header.NextLSN()
			if uint64(i) >= c.listed {
				return fmt.Errorf("%s holds a frame and MANIFEST does not list it", name)
			}
		}
		if i == len(names)-1 {
			if err := judgeTail(s, end); err != nil {
				return err
			}
		}
	}
	if found < c.acknowledged {
		return fmt.Errorf("%d records are left of the %d acknowledged (%v)", found, c.acknowledged, end)
	}
	return nil
}

// judgeTail fails when what lies behind the end of the last segment would pass
// for damage.
func judgeTail(s *wal.Segment, end *wal.InvalidError) error {
	b := make([]byte, s.Size()-end.Offset)
	if _, err := s.ReadAt(b, end.Offset); err != nil && len(b) > 0 {
		return err
	}
	last := len(strings.TrimRight(string(b), "\x00"))
	if int64(last) > s.Header.Reach {
		return fmt.Errorf("bytes %d behind the end at %d, reach %d", last, end.Offset, s.Header.Reach)
	}
	for at := 0; at < len(b); at += wal.Alignment {
		h, err := wal.DecodeFrameHeader(b[at:], s.Header.Salt)
		if err == nil && h.Synced() && h.FirstLSN >= end.LSN && h.CheckBody(b[at+wal.FrameHeaderSize:]) == nil {
			return fmt.Errorf("a SYNCED frame stands at %d, behind the end at %d (%v)", end.Offset+int64(at), end.Offset, end.Reason)
		}
	}
	return nil
}

// Wherever the power goes in the life of a log, and whatever of the unsynced the
// disk has kept, what is left is a prefix with all that was acknowledged, and
// never looks damaged. (Hostile garbles durable neighbours of what was unsynced,
// which no log without padding to whole sectors survives; it is not promised.)
func TestEveryCrashLeavesAPrefixAndNoDamage(t *testing.T) {
	for _, disk := range crashfs.Modes() {
		if disk == crashfs.Hostile {
			continue
		}
		for _, mode := range []wal.Mode{wal.Always, wal.Never} {
			t.Run(fmt.Sprintf("%v/%v", disk, mode), func(t *testing.T) {
				var census crashfs.Census
				crashLife(t, disk, mode, func(c *crashed, p *crashfs.Point) {
					b := crashfs.Bound{Exhaustive: 10, Pairs: 12, Random: 32, Seed: uint64(p.Step()), Salt: uint64(c.acknowledged), Census: &census}
					for image := range p.States(b) {
						if err := c.judge(image); err != nil {
							t.Fatalf("step %d, acknowledged %d, kept %v: %v", p.Step(), c.acknowledged, image.Origin(), err)
						}
					}
				})
				if n := census.Counts(); testing.Verbose() {
					t.Log(n)
				}
			})
		}
	}
}

// crashLife drives a log through its life and calls at before every step that
// could change the disk.
func crashLife(t *testing.T, disk crashfs.Mode, mode wal.Mode, at func(*crashed, *crashfs.Point)) {
	fsys := crashfs.New(crashfs.Options{Mode: disk, NoTrace: true, Atom: 128})
	must(t, vfs.MkdirAll(fsys, testDir))
	o := small(fsys)
	o.Mode = mode
	o.SegmentSize = wal.HeaderBlock + 2500
	c := &crashed{listed: 1, model: model{first: 1}}
	o.Rotated = func(seq uint64) error { c.listed = seq; return nil }
	l, err := wal.Create(o, 1)
	must(t, err)
	step := -1
	hook := func(*crashfs.Call) {
		if p := fsys.Point(); p.Step() != step {
			step = p.Step()
			at(c, p)
		}
	}
	fsys.SetHook(hook)
	for i := range 14 {
		r := record([]byte(strings.Repeat(string(rune('a'+i)), 40+i*i*9%700)))
		c.model.records = append(c.model.records, r)
		d := wal.Default
		if i%6 == 5 {
			d = wal.Durable
		}
		p, err := l.Append(bg, r, nil, d)
		must(t, err)
		if i%3 == 1 {
			continue // shares the next one's frame
		}
		must(t, p.Wait(bg))
		c.acknowledged = int(l.Durable())
		if i == 7 {
			must(t, l.Sync(bg))
			c.acknowledged = int(l.Durable())
		}
	}
	must(t, l.Close())
	c.acknowledged = len(c.model.records)
	hook(nil)
	must(t, c.judge(fsys.Crash(crashfs.LoseAll)))
}

// A MARK is itself durable when Sync, Mark or Close returns: from then on rot in
// the frame before it cannot pass for a tear.
func TestAMarkIsDurable(t *testing.T) {
	for name, call := range map[string]func(*wal.Log) error{
		"Sync":  func(l *wal.Log) error { return l.Sync(bg) },
		"Mark":  func(l *wal.Log) error { return l.Mark(bg) },
		"Close": (*wal.Log).Close,
	} {
		for _, mode := range []wal.Mode{wal.Always, wal.Never} {
			fsys := crashfs.New(crashfs.Options{NoTrace: true})
			must(t, vfs.MkdirAll(fsys, testDir))
			o := small(fsys)
			o.Mode = mode
			l, err := wal.Create(o, 1)
			must(t, err)
			must(t, mustAppend(t, l, record(nil)).Wait(bg))
			must(t, call(l))
			d := mustScan(t, fsys.Crash(crashfs.LoseAll))
			if last := d.frames[len(d.frames)-1].Header; !last.Mark() || !last.Synced() || len(d.records) != 1 {
				t.Errorf("%v, %s: after the crash the log ends with %+v", mode, name, last)
			}
		}
	}
}

// The log is told of a full disk in whatever part a write has arrived, and
// what was acknowledged stays.
func TestAFullDiskEndsTheLogAndLosesNothing(t *testing.T) {
	for free := int64(5000); free < 9000; free += 117 {
		fsys := crashfs.New(crashfs.Options{NoTrace: true})
		must(t, vfs.MkdirAll(fsys, testDir))
		fsys.SetFree(free)
		c := &crashed{listed: 1, model: model{first: 1}}
		o := small(fsys)
		o.Rotated = func(seq uint64) error { c.listed = seq; return nil }
		l, err := wal.Create(o, 1)
		must(t, err)
		for i := range 60 {
			r := record([]byte(strings.Repeat("x", i*41%200)))
			p, err := l.Append(bg, r, nil, wal.Default)
			if err == nil {
				c.model.records = append(c.model.records, r)
				err = p.Wait(bg)
			}
			if err == nil && int(l.Durable()) != i+1 {
				t.Fatalf("record %d acknowledged, durable %d", i+1, l.Durable())
			}
			if err != nil && l.Err() == nil {
				t.Fatalf("%v, and the log goes on", err)
			}
		}
		c.acknowledged = int(l.Durable())
		if l.Close() == nil {
			t.Fatalf("%d bytes were enough: the test is too small", free)
		}
		for seed := range uint64(20) {
			must(t, c.judge(fsys.Crash(crashfs.Random(seed))))
		}
	}
}
