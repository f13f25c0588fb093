package server

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// latencyMonitor keeps what took as long as latency-monitor-threshold or longer, by
// event:
//
//	command, fast-command  one execution, without what it waits for
//	commit                 from a transaction's place in the order to its durability
//	expire-cycle           one batch of the sweeper, its commit included
//
// While the threshold is 0 a command pays one load for it, and a commit nothing.
type latencyMonitor struct {
	threshold atomic.Int64 // ms; 0: nothing is kept

	mu     sync.Mutex
	events map[string]*latencyEvent
}

// latencySamples is how many seconds with a sample an event keeps.
const latencySamples = 160

type latencyEvent struct {
	samples []latencySample // oldest first
	max     int64           // ms, of all times
}

// latencySample is the worst of one second.
type latencySample struct{ unix, ms int64 }

func (l *latencyMonitor) on() bool { return l.threshold.Load() > 0 }

// note keeps what took long.
func (l *latencyMonitor) note(event string, took time.Duration, now time.Time) {
	ms := took.Milliseconds()
	if t := l.threshold.Load(); t <= 0 || ms < t {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.events[event]
	if e == nil {
		if l.events == nil {
			l.events = make(map[string]*latencyEvent)
		}
		e = &latencyEvent{}
		l.events[event] = e
	}
	e.max = max(e.max, ms)
	if n := len(e.samples); n > 0 && e.samples[n-1].unix == now.Unix() {
		e.samples[n-1].ms = max(e.samples[n-1].ms, ms)
		return
	}
	if len(e.samples) == latencySamples {
		e.samples = slices.Delete(e.samples, 0, 1)
	}
	e.samples = append(e.samples, latencySample{now.Unix(), ms})
}

// noteCommand is note for a command that has run.
func (l *latencyMonitor) noteCommand(cmd *Command, took time.Duration, now time.Time) {
	if cmd.is(Fast) {
		l.note("fast-command", took, now)
	} else {
		l.note("command", took, now)
	}
}

// timeCommit has the way of a transaction to the disk measured.
func (t *Tx) timeCommit() {
	s, began := t.srv, t.srv.opts.Clock()
	t.After(func() {
		now := s.opts.Clock()
		s.latency.note("commit", now.Sub(began), now)
	})
}

// reset forgets events, all of them when none is named, and returns how many.
func (l *latencyMonitor) reset(names ...string) (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(names) == 0 {
		n = int64(len(l.events))
		l.events = nil
		return n
	}
	for _, name := range names {
		if l.events[name] != nil {
			delete(l.events, name)
			n++
		}
	}
	return n
}

// get returns a copy of an event; ok is false when nothing was kept for it.
func (l *latencyMonitor) get(name string) (e latencyEvent, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events[name] == nil {
		return e, false
	}
	e = *l.events[name]
	e.samples = slices.Clone(e.samples)
	return e, true
}

// names are the events of which something was kept, sorted.
func (l *latencyMonitor) names() (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range l.events {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

// latencySummary is what LATENCY DOCTOR says of an event: ms, and s.
type latencySummary struct {
	spikes                        int
	average, deviation, low, high int64
	period                        float64
}

func (e *latencyEvent) summary(now int64) (s latencySummary) {
	s.spikes, s.low = len(e.samples), math.MaxInt64
	var sum int64
	for _, x := range e.samples {
		sum += x.ms
		s.low, s.high = min(s.low, x.ms), max(s.high, x.ms)
	}
	s.average = sum / int64(s.spikes)
	sum = 0
	for _, x := range e.samples {
		sum += max(x.ms-s.average, s.average-x.ms)
	}
	s.deviation = sum / int64(s.spikes)
	s.period = float64(now-e.samples[0].unix) / float64(s.spikes)
	return s
}
