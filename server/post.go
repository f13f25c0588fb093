package server

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// post hands on what transactions did, once they are durable: events to keyspace
// notifications, changed keys to client tracking, and what commands asked for with
// Tx.After. Transactions queue while they hold the engine's writer slot, so the
// order is the order of the commits; one goroutine waits for each commit and
// calls the listeners.
type post struct {
	classes  atomic.Pointer[string] // of events that somebody wants; nil for none
	trackers atomic.Int32
	held     atomic.Bool // the table of tracked keys is not empty

	mu        sync.Mutex
	queue     []*letter
	running   bool
	idle      sync.Cond
	onEvents  func([]Event)
	onChanged func(*letter)
}

// letter is what one transaction has to tell.
type letter struct {
	events  []Event
	touched []Key
	flushed []int
	by      int64 // number of the connection that did it, 0 for none
	after   []func()

	ready  chan struct{} // closed when commit and err are set
	told   chan struct{} // closed when everybody was told, or nobody will be
	commit *engine.Commit
	err    error
}

func (p *post) init(*Server) { p.idle.L = &p.mu }

// wants reports whether anybody listens to events of a class.
func (p *post) wants(class byte) bool {
	s := p.classes.Load()
	return s != nil && strings.IndexByte(*s, class) >= 0
}

func (p *post) tracked() bool { return p.trackers.Load() > 0 || p.held.Load() }

// ListenEvents has fn called with the events of each transaction, for the classes
// of events in classes (letters as in notify-keyspace-events, without K, E and
// A); "" for none. fn must not wait.
func (s *Server) listenEvents(classes string, fn func([]Event)) {
	s.post.mu.Lock()
	s.post.onEvents = fn
	s.post.mu.Unlock()
	if classes == "" {
		s.post.classes.Store(nil)
		return
	}
	s.post.classes.Store(&classes)
}

// finish is the last step of a transaction inside the writer slot.
func (t *Tx) finish() {
	t.srv.watches.touch(t.touched)
	t.srv.watches.touch(t.watched)
	if t.srv.latency.on() {
		t.timeCommit()
	}
	changed := len(t.touched) > 0 || len(t.flushed) > 0
	if len(t.events) == 0 && len(t.after) == 0 && (!changed || !t.srv.post.tracked()) {
		return
	}
	t.letter = &letter{events: t.events, touched: t.touched, flushed: t.flushed, by: t.by, after: t.after, ready: make(chan struct{}), told: make(chan struct{})}
	p := &t.srv.post
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, t.letter)
	if !p.running {
		p.running = true
		go p.run()
	}
}

// sequenced tells the letter how the transaction went.
func (t *Tx) sequenced(commit *engine.Commit, err error) {
	if err == nil {
		t.srv.numbers.logged(t.ids)
	}
	t.srv.blocked.release(t.served, commit, err)
	if t.letter != nil {
		t.letter.commit, t.letter.err = commit, err
		close(t.letter.ready)
	}
}

// told is closed when subscribers have heard of the transaction; nil when there
// is nothing to hear.
func (t *Tx) told() <-chan struct{} {
	if t.letter == nil {
		return nil
	}
	return t.letter.told
}

// run delivers until the queue is empty.
func (p *post) run() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 {
		l := p.queue[0]
		p.queue[0] = nil
		p.queue = p.queue[1:]
		onEvents, onChanged := p.onEvents, p.onChanged
		p.mu.Unlock()
		l.deliver(onEvents, onChanged)
		p.mu.Lock()
	}
	p.running = false
	p.idle.Broadcast()
}

func (l *letter) deliver(onEvents func([]Event), onChanged func(*letter)) {
	defer close(l.told)
	<-l.ready
	if l.err != nil || l.commit.Wait(context.Background()) != nil {
		return
	}
	if len(l.touched) > 0 || len(l.flushed) > 0 {
		onChanged(l)
	}
	if onEvents != nil && len(l.events) > 0 {
		onEvents(l.events)
	}
	for _, fn := range l.after {
		fn()
	}
}

// drain waits until everything is delivered.
func (p *post) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running {
		p.idle.Wait()
	}
}

// account counts a command that has run, once however often its transaction is tried;
// its reply began at from.
func (s *Server) account(c *Call, from int, took time.Duration) {
	if c.noted {
		return
	}
	c.noted = true
	c.Cmd.took.add(took.Nanoseconds())
	c.Cmd.micros.Add(took.Microseconds())
	s.stats.commands.Add(1)
	if b := c.Bytes(); len(b) > from && b[from] == '-' {
		c.Cmd.failed.Add(1)
		s.noteError(b[from:])
	}
	if s.latency.on() {
		s.latency.noteCommand(c.Cmd, took, s.opts.Clock())
	}
	if s.monitors.n.Load() > 0 {
		s.monitors.feed(c)
	}
	if slower := s.slow.slower.Load(); slower >= 0 && took.Microseconds() >= slower {
		s.slow.note(c, took, s.opts.Clock())
	}
}
