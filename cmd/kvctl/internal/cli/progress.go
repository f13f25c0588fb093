package cli

import (
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progressDelay is how long work may take before it shows a bar.
const progressDelay = 500 * time.Millisecond

// Progress shows how far long work has come: on a terminal, and only once it
// has taken half a second. The nil Progress shows nothing.
type Progress struct {
	a     *App
	name  string
	total int64 // bytes; 0 = not known
	since time.Time
	pool  *mpb.Progress
	bar   *mpb.Bar
}

// NewProgress begins to watch work over total bytes; 0 when nobody knows.
func (a *App) NewProgress(name string, total int64) *Progress {
	if a.Quiet || !a.StderrIsTerminal {
		return nil
	}
	return &Progress{a: a, name: name, total: total, since: a.Now()}
}

// Set says how many bytes are done. It is for one goroutine.
func (p *Progress) Set(done int64) {
	if p == nil {
		return
	}
	if p.bar == nil {
		if p.a.Now().Sub(p.since) < progressDelay {
			return
		}
		p.show()
	}
	p.bar.SetCurrent(done)
}

func (p *Progress) show() {
	p.pool = mpb.New(mpb.WithOutput(p.a.Stderr), mpb.WithWidth(48))
	speed := decor.AverageSpeed(decor.SizeB1024(0), "% .1f")
	name := decor.Name(p.name + " ")
	if p.total > 0 {
		p.bar = p.pool.AddBar(p.total, mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(name, decor.CountersKibiByte("% .1f / % .1f ")),
			mpb.AppendDecorators(decor.Percentage(), decor.Name("  "), speed, decor.Name("  "),
				decor.AverageETA(decor.ET_STYLE_GO)))
		return
	}
	p.bar = p.pool.AddSpinner(0, mpb.BarRemoveOnComplete(), mpb.BarWidth(1),
		mpb.PrependDecorators(name), mpb.AppendDecorators(decor.CurrentKibiByte("% .1f"), decor.Name("  "), speed))
}

// End takes the bar away.
func (p *Progress) End() {
	if p == nil || p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.pool.Wait()
	p.bar = nil
}
