package cli

import (
	"context"
	"io"
)

// Interruptible reads from r until ctx ends. A read from a terminal or a pipe
// cannot be called off, so it happens in a goroutine, which outlives the context
// by one read at most; that is ahead of its reader by two buffers.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	ir := &interruptible{ctx: ctx, full: make(chan chunk), free: make(chan []byte, 2)}
	for range cap(ir.free) {
		ir.free <- make([]byte, 256<<10)
	}
	go ir.pump(r)
	return ir
}

type interruptible struct {
	ctx  context.Context
	full chan chunk
	free chan []byte
	cur  chunk // what Read hands out
	rest []byte
}

type chunk struct {
	buf []byte
	n   int
	err error
}

func (ir *interruptible) pump(r io.Reader) {
	for buf := range ir.free {
		n, err := r.Read(buf)
		select {
		case ir.full <- chunk{buf, n, err}:
		case <-ir.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// Read implements io.Reader.
func (ir *interruptible) Read(p []byte) (int, error) {
	for len(ir.rest) == 0 {
		if ir.cur.err != nil {
			return 0, ir.cur.err
		}
		if ir.cur.buf != nil {
			ir.free <- ir.cur.buf
			ir.cur.buf = nil
		}
		select {
		case ir.cur = <-ir.full:
			ir.rest = ir.cur.buf[:ir.cur.n]
		case <-ir.ctx.Done():
			return 0, ir.ctx.Err()
		}
	}
	n := copy(p, ir.rest)
	ir.rest = ir.rest[n:]
	return n, nil
}
