package inspect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/redis-lite/redis-lite/wal"
)

// FollowOptions are for Follow; the zero value is good.
type FollowOptions struct {
	// Poll is how often the log is looked at while it does not go on; 0: 20 ms.
	Poll time.Duration
	// Idle is called whenever everything that there is was handed out and the
	// follower is about to wait: a chance to flush. Its error ends the iteration.
	Idle func() error
}

// patience is how many looks a place has to stay the same before it is called
// damaged or torn: a writer may be at it.
const patience = 50

// errWait says that the log does not go on, yet.
var errWait = errors.New("wait")

// Follow is Frames that does not end: what a live writer commits comes as soon as
// its checksum is right, unproven at first (a frame is not handed out again when
// it has become proven). It follows rotations, and where a compaction was faster
// it says so with a span of kind Removed. It ends with ctx, and yields its error.
func (s *Store) Follow(ctx context.Context, from From, o FollowOptions) iter.Seq2[*Frame, error] {
	if o.Poll <= 0 {
		o.Poll = 20 * time.Millisecond
	}
	return func(yield func(*Frame, error) bool) {
		f := &follow{logWalk: logWalk{s: s, from: from, yield: yield}, o: o}
		if err := f.run(ctx); !errors.Is(err, errStop) { // it does not end without one
			yield(nil, err)
		}
	}
}

type follow struct {
	logWalk
	o FollowOptions
}

func (f *follow) run(ctx context.Context) error {
	i, err := f.begin(ctx)
	for err == nil {
		seq := f.list[i]
		err = f.segment(ctx, seq)
		if errors.Is(err, errRemoved) {
			i, err = f.overtaken(seq)
			continue
		}
		if err == nil {
			i, err = f.successor(ctx, i)
		}
	}
	return err
}

// begin waits for the first segment there is.
func (f *follow) begin(ctx context.Context) (int, error) {
	for {
		v, err := f.s.look()
		if err != nil {
			return 0, err
		}
		if f.v, f.list = v, v.log(); len(f.list) > 0 {
			i, err := f.start()
			return min(i, len(f.list)-1), err
		}
		if err := f.wait(ctx); err != nil {
			return 0, err
		}
	}
}

// successor finds the segment behind the i-th, waiting for it.
func (f *follow) successor(ctx context.Context, i int) (int, error) {
	for i+1 >= len(f.list) {
		last := f.list[len(f.list)-1]
		v, err := f.s.look()
		if err != nil {
			return 0, err
		}
		f.v = v
		for _, seq := range v.log() {
			if seq > last {
				f.list = append(f.list, seq)
			}
		}
		if i+1 < len(f.list) {
			break
		}
		if err := f.wait(ctx); err != nil {
			return 0, err
		}
	}
	return i + 1, nil
}

// wait lets a moment pass.
func (f *follow) wait(ctx context.Context) error {
	if f.o.Idle != nil {
		if err := f.o.Idle(); err != nil {
			return err
		}
	}
	timer := time.NewTimer(f.o.Poll)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// segment hands out one segment to its end, which comes when the next one says
// where it is.
func (f *follow) segment(ctx context.Context, seq uint64) error {
	w, whole, err := f.open(seq)
	if whole != nil {
		f.lost(whole)
		return f.emit(whole)
	}
	if err != nil {
		return err
	}
	w.tailing = true
	err = f.joint(&head{seq, w.seg.Name(), w.seg.Header.Prev})
	if err == nil {
		err = w.prove(ctx)
	}
	var tail tail
	for err == nil {
		var frame *Frame
		if frame, err = w.next(ctx); err == nil {
			err = f.emit(frame)
		}
		if errors.Is(err, errWait) {
			err = f.more(ctx, w, &tail)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	f.next, f.last = w.at.next, nil
	if !w.broken {
		f.last = &ended{seq, w.at}
	}
	return w.close(err)
}

// tail is what a follower remembers of the place where it waits.
type tail struct {
	off  int64
	seen []byte // the first bytes there
}

// more waits until something is different at the place where the log ended: its
// bytes, or the segment behind it.
func (f *follow) more(ctx context.Context, w *walker, t *tail) error {
	for {
		if err := f.wait(ctx); err != nil {
			return err
		}
		if err := w.seg.Refresh(); err != nil {
			return err
		}
		if w.follower() {
			return nil
		}
		if _, err := f.s.fs.Stat(w.seg.Name()); errors.Is(err, fs.ErrNotExist) && f.s.gone(w.seq+1) {
			// It is gone, and so is what came behind it. What this file still holds
			// was handed out.
			return f.leave(w)
		}
		b := make([]byte, min(wal.FrameHeaderSize, max(w.seg.Size()-w.at.off, 0)))
		if err := w.seg.ReadFull(b, w.at.off); err != nil {
			continue // it was trimmed in between
		}
		fresh := t.off != w.at.off || !bytes.Equal(t.seen, b)
		t.off, t.seen = w.at.off, b
		if !fresh && wal.LenWithoutZeros(b) == 0 {
			continue
		}
		return w.prove(ctx)
	}
}

// leave says what was missed of segments that are gone.
func (f *follow) leave(w *walker) error {
	f.next = w.at.next
	w.broken = true
	return errRemoved
}
