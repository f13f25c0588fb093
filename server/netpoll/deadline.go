package netpoll

import (
	"sync"
	"time"
)

// deadline is a moment after which waits end. Its zero value is none.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	over  chan struct{} // closed when the moment has come; nil while nobody has asked
	past  bool
}

// set changes the moment, the zero time to none.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop() // one that has fired meanwhile finds itself replaced
		d.timer = nil
	}
	if d.past {
		d.past, d.over = false, nil
	}
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.end()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.timer == timer {
			d.end()
		}
	})
	d.timer = timer
}

// end makes the moment now. The caller holds mu.
func (d *deadline) end() {
	d.past = true
	if d.over == nil {
		d.over = make(chan struct{})
	}
	close(d.over)
}

// passed reports whether the moment is over.
func (d *deadline) passed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.past
}

// done is closed when the moment has come.
func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over == nil {
		d.over = make(chan struct{})
	}
	return d.over
}
