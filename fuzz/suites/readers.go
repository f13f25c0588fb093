package suites

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// byHand is what a suite counts that opens its images itself.
type byHand struct {
	census    crashfs.Census
	histories atomic.Int64
	opened    atomic.Int64
}

func (b *byHand) result(f *crashtest.Failure) crashtest.Result {
	r := crashtest.Result{Failure: f, Histories: b.histories.Load(), Images: b.census.Counts(), Opened: b.opened.Load()}
	if f != nil {
		r.Verdict = f.Verdict
	}
	return r
}

// open recovers an image and reads all of it.
func (b *byHand) open(image *crashfs.FS) (crashtest.State, error) {
	b.census.Note(image)
	b.opened.Add(1)
	s, err := System{}.Open(image)
	if err != nil {
		return nil, err
	}
	defer func() {
		image.Stop()
		_ = s.Close() // of a disk that is gone
	}()
	return s.Dump()
}

// readers looks at every call of a history: what readers see then is there after
// a power cut at that very moment, whatever is lost.
func readers() Suite {
	return Suite{
		Name: "readers", About: "what readers see at any call survives a power cut there",
		begin: func(c config) source {
			b := &byHand{census: crashfs.Census{Images: c.images}}
			return source{
				cases: slices.Values([]string{only}), result: b.result,
				try: func(_ context.Context, name string) (*crashtest.Failure, error) {
					if name != only {
						return nil, fmt.Errorf("%q: the one case of this suite is called %q", name, only)
					}
					return b.readers(), nil
				},
			}
		},
	}
}

// readers runs the history. Counters only grow in it: less than was seen is lost.
func (b *byHand) readers() *crashtest.Failure {
	b.histories.Add(1)
	fsys := crashfs.New(crashfs.Options{})
	s, err := System{}.Open(fsys)
	if err != nil {
		return crashtest.Disagreement(crashtest.HarnessBroken, fsys, "before any crash", nil, nil, err)
	}
	defer func() { _ = s.Close() }()
	var failed *crashtest.Failure
	look := func(c *crashfs.Call) {
		if c.Op&crashfs.OpChanges == 0 || failed != nil {
			return
		}
		seen, err := s.Dump()
		if err != nil {
			failed = crashtest.Disagreement(crashtest.RecoveryFailed, fsys, "reading without a crash", nil, nil, err)
			return
		}
		image := fsys.Point().Crash(crashfs.LoseAll)
		stage := fmt.Sprintf("what a reader saw before step %d, and what was there after a power cut at that moment", c.Step)
		found, err := b.open(image)
		if err != nil {
			failed = crashtest.Disagreement(crashtest.RecoveryFailed, image, stage, seen, nil, err)
			return
		}
		for k, v := range seen {
			was, _ := strconv.Atoi(v) // missing is 0
			if is, _ := strconv.Atoi(found[k]); is < was {
				failed = crashtest.Disagreement(crashtest.Lost, image, stage, seen, found, nil)
				return
			}
		}
	}
	fsys.SetHook(look)
	defer fsys.SetHook(nil)
	for i := range 30 {
		o := Op{Kind: Set, Key: string(rune('a' + i%3)), Value: strconv.Itoa(i)}
		if i%10 == 9 {
			o = Op{Kind: Compact}
		}
		if err := s.Do(o); err != nil && failed == nil {
			failed = crashtest.Disagreement(crashtest.HarnessBroken, fsys, "before any crash", nil, nil, err)
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// snapshot lets the newest snapshot rot, at any byte: the older one and the log
// behind it hold everything. Its cases are the bytes.
func snapshot() Suite {
	return Suite{
		Name: "snapshot", About: "the newest snapshot rots at any byte, and nothing is lost",
		begin: func(c config) source {
			b := &byHand{census: crashfs.Census{Images: c.images}}
			prepare := sync.OnceValues(b.prepare)
			return source{
				result: b.result,
				cases: func(yield func(string) bool) {
					p, err := prepare()
					for i := 0; (err != nil && i == 0 || i < len(p.bytes)) && yield(strconv.Itoa(i)); i++ {
					}
				},
				try: func(_ context.Context, name string) (*crashtest.Failure, error) {
					p, err := prepare()
					if err != nil {
						return crashtest.Disagreement(crashtest.HarnessBroken, p.at.Crash(crashfs.KeepAll), "before any crash", nil, nil, err), nil
					}
					i, err := strconv.Atoi(name)
					if err != nil || i < 0 || i >= len(p.bytes) {
						return nil, fmt.Errorf("%q is no byte of the snapshot: they are numbered from 0 to %d", name, len(p.bytes)-1)
					}
					return b.rotten(p, int64(i)), nil
				},
			}
		},
	}
}

// prepared is a store with three snapshots, and what is in it.
type prepared struct {
	at    *crashfs.Point
	want  crashtest.State
	bytes []byte // of the newest snapshot
}

const newestSnapshot = Dir + "/snap/0000000000000003.snap"

func (b *byHand) prepare() (p prepared, err error) {
	b.histories.Add(1)
	fsys := crashfs.New(crashfs.Options{})
	p = prepared{at: fsys.Point(), want: crashtest.State{}}
	s, err := System{}.Open(fsys)
	if err != nil {
		return p, err
	}
	for _, o := range []Op{
		{Kind: Set, Key: "a", Value: "1"}, {Kind: Compact}, {Kind: Set, Key: "b", Value: "2"}, {Kind: Compact},
		{Kind: Set, Key: "c", Value: "3"}, {Kind: Compact}, {Kind: Set, Key: "d", Value: "4"},
	} {
		if err == nil {
			err = s.Do(o)
		}
		apply(p.want, o)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return p, err
	}
	after := fsys.Crash(crashfs.KeepAll)
	p.at = after.Point()
	p.bytes, err = readFile(after, newestSnapshot)
	return p, err
}

// rotten inverts a byte of the newest snapshot.
func (b *byHand) rotten(p prepared, off int64) *crashtest.Failure {
	image := p.at.Crash(crashfs.KeepAll)
	stage := fmt.Sprintf("byte %d of the newest snapshot inverted", off)
	if err := image.Overwrite(newestSnapshot, off, []byte{p.bytes[off] ^ 0xff}); err != nil {
		return crashtest.Disagreement(crashtest.HarnessBroken, image, stage, p.want, nil, err)
	}
	found, err := b.open(image)
	switch {
	case err != nil:
		return crashtest.Disagreement(crashtest.RecoveryFailed, image, stage, p.want, nil, err)
	case !found.Equal(p.want):
		return crashtest.Disagreement(crashtest.Lost, image, stage, p.want, found, nil)
	}
	return nil
}

func readFile(fsys vfs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	b := make([]byte, size)
	if err == nil {
		_, err = f.ReadAt(b, 0)
	}
	return b, errors.Join(err, f.Close())
}
