package crashtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// RotResult is what a run of Rot found.
type RotResult struct {
	Failure  *Failure // nil when no damage passed for data
	Tried    int64
	Detected int64 // the store refused, or the reading did
	Harmless int64 // the state was right nevertheless
	Cut      int64 // the last operations were gone, as Options.MayLose allows
}

func (r RotResult) String() string {
	return fmt.Sprintf("%d damages: %d detected, %d harmless, %d cut the end off", r.Tried, r.Detected, r.Harmless, r.Cut)
}

// Rot runs a history, cuts the power when all of it is durable, and damages
// every byte of every file, one at a time: one bit, then all of them. Then it
// wipes each sector, and copies its neighbour over it, as a misdirected write
// would. The store may refuse, or not mind; it must not show anything wrong.
//
// Options.MayLose allows for the last operations to be cut off: damage to the
// very end of a log cannot be told from a write that was never finished. Where
// it is set, wiping everything from a sector to the end of a file may cost all
// that was written there.
func Rot[Op any](t testing.TB, sys System[Op], history []Step[Op], o Options) RotResult {
	t.Helper()
	r := RotAll(sys, history, o)
	if r.Failure != nil {
		r.Failure.Replay = again(t)
		t.Fatalf("%v%s%v", r.Failure, page(t, r.Failure, o), r)
	}
	if r.Tried == 0 {
		t.Fatalf("%v: there was no byte to damage", NotMeasured)
	}
	t.Log(r)
	return r
}

// RotAll is Rot without a test around it.
func RotAll[Op any](sys System[Op], history []Step[Op], o Options) RotResult {
	s := NewSession(sys, o)
	r, f := s.Rotting(history)
	for i := 0; f == nil && i < r.Len(); i++ {
		f = r.Try(i)
	}
	return s.Result(f).Rot
}

// rotting runs a history and leaves all of it durable.
func (x *examiner[Op]) rotting(history []Step[Op]) (*Rotting[Op], *Failure) {
	d := &drive[Op]{sys: x.sys, o: x.o, fs: crashfs.New(crashfs.Options{Mode: x.o.modes()[0], Atom: x.o.Atom})}
	if f := d.run(history); f != nil {
		return nil, f
	}
	last := d.moments[len(d.moments)-1]
	at := last.point.Crash(crashfs.KeepAll).Point()
	return &Rotting[Op]{x: x, at: at, expect: last.expect, list: damages(at.Crash(crashfs.KeepAll))}, nil
}

// rotten opens a damaged image.
func (x *examiner[Op]) rotten(image *crashfs.FS, e *expectation, d damage) *Failure {
	what, o := d.what, x.o
	if d.end && o.MayLose > 0 {
		o.MayLose = len(e.before)
	}
	x.tally.damaged.Add(1)
	x.tally.opened.Add(1)
	if x.o.Images.Add(image.Hash()) {
		x.tally.rotten.Add(1)
	}
	store, err := openStore(x.sys, image)
	var found State
	if err == nil {
		found, err = dump(store)
		image.Stop()
		_ = guard(store.Close)
	}
	var p *panicError
	switch {
	case errors.As(err, &p):
		return newFailure(RecoveryFailed, image, e, what, nil, err)
	case err != nil:
		x.tally.detected.Add(1)
	case e.allows(found):
		x.tally.harmless.Add(1)
	default:
		if v := o.judge(e, found); v != OK {
			return newFailure(v, image, e, what, found, nil)
		}
		x.tally.cut.Add(1)
	}
	return nil
}

// damage is one thing to do to an image.
type damage struct {
	what string
	do   func(*crashfs.FS) error
	end  bool // nothing but zeros is left in the file from there on
}

const sector = 512

// damages lists what there is to damage in an image.
func damages(image *crashfs.FS) []damage {
	var out []damage
	for name, b := range contents(image, "/") {
		for off := range b {
			for _, xor := range []byte{1 << (off % 8), 0xff} {
				out = append(out, damage{
					what: fmt.Sprintf("with bits %08b of byte %d of %s flipped", xor, off, name),
					do:   func(f *crashfs.FS) error { return f.Rot(name, int64(off), xor) },
				})
			}
		}
		for off := 0; off < len(b); off += sector {
			end := min(off+sector, len(b))
			out = append(out, damage{
				what: fmt.Sprintf("with [%d,%d) of %s wiped", off, end, name),
				do:   func(f *crashfs.FS) error { return f.Overwrite(name, int64(off), make([]byte, end-off)) },
				end:  len(bytes.Trim(b[end:], "\x00")) == 0,
			})
			if next := b[min(off+sector, len(b)):min(off+2*sector, len(b))]; len(next) > 0 {
				out = append(out, damage{
					what: fmt.Sprintf("with the sector behind it written over the one at %d of %s", off, name),
					do:   func(f *crashfs.FS) error { return f.Overwrite(name, int64(off), next) },
				})
			}
		}
	}
	return out
}

// contents is every file below a directory, in order.
func contents(fsys vfs.FS, dir string) func(func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) { walk(fsys, dir, yield) }
}

func walk(fsys vfs.FS, dir string, yield func(string, []byte) bool) bool {
	infos, err := fsys.List(dir)
	if err != nil {
		return true
	}
	for _, in := range infos {
		name := vfs.Join(dir, in.Name)
		if in.IsDir {
			if !walk(fsys, name, yield) {
				return false
			}
			continue
		}
		b := make([]byte, in.Size)
		f, err := fsys.Open(name)
		if err != nil {
			continue
		}
		_, err = f.ReadAt(b, 0)
		_ = f.Close()
		if (err == nil || errors.Is(err, io.EOF)) && !yield(name, b) {
			return false
		}
	}
	return true
}
