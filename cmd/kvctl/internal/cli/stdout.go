package cli

import (
	"bufio"
	"errors"
	"io"
	"syscall"
)

// ErrClosedPipe is what writing to Stdout returns once its reader has gone. A
// command hands it up and ends; it counts as success.
var ErrClosedPipe = errors.New("standard output was closed by its reader")

// Stdout is buffered standard output that tells a reader who left from a disk
// that is full.
type Stdout struct {
	w     *bufio.Writer
	raw   io.Writer
	width int
	err   error
}

// NewStdout wraps w; width is its number of columns when it is a terminal, else
// 0.
func NewStdout(w io.Writer, width int) *Stdout {
	return &Stdout{w: bufio.NewWriterSize(w, 64<<10), raw: w, width: width}
}

// IsTerminal reports whether somebody looks at it.
func (s *Stdout) IsTerminal() bool { return s.width > 0 }

// Width is the number of columns of the terminal, 0 when it is none.
func (s *Stdout) Width() int { return s.width }

// Write implements io.Writer.
func (s *Stdout) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	return n, s.seen(err)
}

// WriteString implements io.StringWriter.
func (s *Stdout) WriteString(p string) (int, error) {
	n, err := s.w.WriteString(p)
	return n, s.seen(err)
}

// Flush writes out what is buffered.
func (s *Stdout) Flush() error { return s.seen(s.w.Flush()) }

// seen keeps the first error, so that a command that printed its last words
// into a buffer learns at its end what became of them.
func (s *Stdout) seen(err error) error {
	if s.err != nil {
		return s.err
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		s.err = ErrClosedPipe
	default:
		s.err = &outputError{err}
	}
	return s.err
}

// outputError is a failure to write standard output: a full disk, for one.
type outputError struct{ err error }

func (e *outputError) Error() string { return "cannot write standard output: " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }
