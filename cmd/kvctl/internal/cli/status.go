package cli

import (
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Status is one line that says how far work has come whose end nobody knows, or
// that is not measured in bytes: on a terminal, and only once it has taken half a
// second. The nil Status shows nothing.
type Status struct {
	a     *App
	since time.Time
	text  atomic.Pointer[string]
	pool  *mpb.Progress
	bar   *mpb.Bar
}

// NewStatus begins to watch work.
func (a *App) NewStatus() *Status {
	if a.Quiet || !a.StderrIsTerminal {
		return nil
	}
	return &Status{a: a, since: a.Now()}
}

// Set says what the line reads. It is for one goroutine at a time.
func (s *Status) Set(text string) {
	if s == nil {
		return
	}
	s.text.Store(&text)
	if s.bar == nil && s.a.Now().Sub(s.since) >= progressDelay {
		s.pool = mpb.New(mpb.WithOutput(s.a.Stderr))
		s.bar = s.pool.AddSpinner(0, mpb.BarRemoveOnComplete(), mpb.BarWidth(1),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *s.text.Load() })))
	}
}

// End takes the line away.
func (s *Status) End() {
	if s == nil || s.bar == nil {
		return
	}
	s.bar.Abort(true)
	s.pool.Wait()
	s.bar = nil
}
