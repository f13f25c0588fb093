package recovery

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/redis-lite/redis-lite/wal/record"
)

// comparison replays the log beside the survey and holds each sound snapshot to
// the state at its LSN: two witnesses of the same history. It begins with the
// first state that the log continues: nothing, or the oldest sound snapshot that
// the log reaches back to.
type comparison struct {
	v     *verifier
	image *image
	ready bool     // image is a state; before, the log has not reached one
	to    []uint64 // snapshots still to be compared, ascending
}

// newComparison begins; before is the last LSN that the log has left behind.
func newComparison(v *verifier, before uint64) *comparison {
	c := &comparison{v: v, image: newImage(), ready: before == 0}
	for _, lsn := range v.sound {
		if lsn >= before {
			c.to = append(c.to, lsn)
		}
	}
	return c
}

// apply takes the next commit of the log.
func (c *comparison) apply(ctx context.Context, lsn uint64, commit *record.Commit) error {
	if err := c.reach(ctx, lsn-1); err != nil {
		return err
	}
	if !c.ready {
		return nil
	}
	return c.image.Apply(lsn, commit)
}

// end compares what the log's end reaches.
func (c *comparison) end(ctx context.Context) error { return c.reach(ctx, ^uint64(0)) }

// reach compares the snapshots up to lsn; the image holds all commits up to there.
func (c *comparison) reach(ctx context.Context, lsn uint64) error {
	for len(c.to) > 0 && c.to[0] <= lsn {
		at := c.to[0]
		c.to = c.to[1:]
		if err := c.snapshot(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// snapshot compares one with the image, or makes it the image.
func (c *comparison) snapshot(ctx context.Context, lsn uint64) (err error) {
	r, err := c.v.snapshotAt(lsn)
	if err != nil {
		return err
	}
	defer func() { err = also(err, r.Close()) }()
	if !c.ready {
		c.ready = true
		return r.Load(ctx, 0, func(_ int, entries []record.Entry) error { return c.image.LoadBlock(entries) })
	}
	next, stop := iter.Pull(c.image.all())
	defer stop()
	want, more := next()
	first, count := "", 0
	differs := func(format string, args ...any) {
		if count++; count == 1 {
			first = fmt.Sprintf(format, args...)
		}
	}
	skip := func() {
		// A key past its deadline is gone to everybody before its delete is
		// logged: the snapshot may leave it out.
		if want.Deadline == 0 {
			differs("%s is missing in the snapshot", keyName(&want))
		}
		want, more = next()
	}
	for got, err := range r.All() {
		if err != nil {
			return translateSnapshot(err, snapshotPath(c.v.dir, lsn))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for more && before(&want, &got) {
			skip()
		}
		switch {
		case !more || before(&got, &want):
			differs("%s is in the snapshot and not in the log", keyName(&got))
			continue
		case !bytes.Equal(got.Value, want.Value), got.Deadline != want.Deadline, got.LSN != want.LSN:
			differs("%s is of LSN %d in the snapshot and of LSN %d in the log", keyName(&got), got.LSN, want.LSN)
		}
		want, more = next()
	}
	for more {
		skip()
	}
	if count > 0 {
		c.v.found.add(Damage, snapshotPath(c.v.dir, lsn), -1, lsn,
			fmt.Sprintf("it differs from the replay of the log in %d keys: %s", count, first), nextRecover)
	}
	return nil
}

func before(a, b *record.Entry) bool {
	if a.Bucket != b.Bucket {
		return a.Bucket < b.Bucket
	}
	return bytes.Compare(a.Key, b.Key) < 0
}

func keyName(e *record.Entry) string {
	if e.Bucket == "" {
		return fmt.Sprintf("key %q", e.Key)
	}
	return fmt.Sprintf("key %q of bucket %q", e.Key, e.Bucket)
}
