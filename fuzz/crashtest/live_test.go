package crashtest_test

import (
	"errors"
	"maps"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// viewSystem is a log whose readers look at a map beside it; its fields are ways
// to show the wrong one.
type viewSystem struct {
	logSystem
	early bool // readers see a change before it is on the disk
	late  bool // readers see it when the next one begins
}

type viewStore struct {
	log   *logStore
	how   viewSystem
	token chan struct{} // one slot: who holds it may write
	mu    sync.Mutex    // guards view; never held across a call of the file system
	view  map[string]string
}

func (v viewSystem) Open(fsys vfs.FS) (crashtest.Store[change], error) {
	s, err := v.logSystem.Open(fsys)
	if err != nil {
		return nil, err
	}
	w := &viewStore{log: s.(*logStore), how: v, token: make(chan struct{}, 1)}
	w.show(w.log.state)
	return w, nil
}

func (s *viewStore) show(state map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = maps.Clone(state)
}

func (s *viewStore) Do(c change) error {
	s.token <- struct{}{}
	defer func() { <-s.token }()
	if s.how.late {
		s.show(s.log.state)
		return s.log.Do(c)
	}
	if s.how.early {
		next := maps.Clone(s.log.state)
		c.apply(next)
		s.show(next)
	}
	err := s.log.Do(c)
	s.show(s.log.state)
	return err
}

func (s *viewStore) Dump() (crashtest.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.view), nil
}

func (s *viewStore) Close() error { return s.log.Close() }

// watched is how readers are added.
var watched = crashtest.Options{Readers: 2, ReadsLast: true}

func TestWhatReadersOfARightStoreSeeIsLinearizableAndLasts(t *testing.T) {
	o := watched
	runs, overlapping := 0, 0
	o.Live = func(seed uint64, history []crashtest.Event) {
		runs++
		if !porcupineAccepts(t, history) {
			t.Errorf("seed %d: porcupine finds no order of %v", seed, history)
		}
		for i := 1; i < len(history); i++ {
			if history[i-1].Answered > history[i].Issued {
				overlapping++
			}
		}
	}
	crashtest.Schedule(t, viewSystem{}, clients, 40, o)
	if runs != 40 || overlapping == 0 {
		t.Errorf("%d runs in which %d operations overlapped", runs, overlapping)
	}
}

func TestAViewThatLagsIsNotLinearizable(t *testing.T) {
	o := crashtest.Options{Readers: 2}
	var last []crashtest.Event
	o.Live = func(_ uint64, history []crashtest.Event) { last = history }
	f := crashtest.FirstFailingSeed(t, viewSystem{late: true}, clients, 50, o)
	if f == nil || f.Verdict != crashtest.NotLinearizable {
		t.Fatalf("found %v", f)
	}
	if porcupineAccepts(t, last) {
		t.Errorf("porcupine accepts %v", last)
	}
	if s := f.String(); !strings.Contains(s, "read ") || !strings.Contains(s, "saw {") {
		t.Error("the report does not say what was read")
	}
	t.Log(f)
}

func TestAViewAheadOfTheDiskIsLost(t *testing.T) {
	f := crashtest.FirstFailingSeed(t, viewSystem{early: true}, clients, 50, watched)
	if f == nil || f.Verdict != crashtest.Lost {
		t.Fatalf("found %v", f)
	}
	t.Log(f)
	// A store that promises nothing to readers may do that.
	if f := crashtest.FirstFailingSeed(t, viewSystem{early: true}, clients, 50, crashtest.Options{Readers: 2}); f != nil {
		t.Errorf("without ReadsLast: %v", f)
	}
}

// The harness's own search and porcupine's agree on histories of any kind: right
// ones, nearly right ones, and nonsense, with operations that failed or never
// ended among them.
func TestLinearizabilityIsWhatPorcupineSaysItIs(t *testing.T) {
	yes, no := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		want := porcupineAccepts(t, h)
		if got := crashtest.Linearizable(logSystem{}, h); got != want {
			t.Fatalf("linearizable: %v, porcupine: %v", got, want)
		}
		if want {
			yes++
		} else {
			no++
		}
	})
	if yes+no >= 100 && (yes == 0 || no == 0) { // fewer under -short
		t.Errorf("%d linearizable histories and %d others: one kind was not tried", yes, no)
	}
}

// drawHistory draws clients that run side by side on one state, and some reads
// that are wrong.
func drawHistory(t *rapid.T) []crashtest.Event {
	type running struct {
		event int
		done  bool // its effect is in the state
	}
	var history []crashtest.Event
	state := crashtest.State{}
	clients := map[int]*running{}
	old := []crashtest.State{state.Clone()}
	clock := 0
	for range rapid.IntRange(1, 30).Draw(t, "steps") {
		clock++
		id := rapid.IntRange(1, 4).Draw(t, "client")
		c := clients[id]
		switch {
		case c == nil:
			e := crashtest.Event{Client: id, Issued: clock}
			if rapid.Bool().Draw(t, "write") {
				e.Op = drawSmall(t)
			}
			history = append(history, e)
			clients[id] = &running{event: len(history) - 1}
		case !c.done:
			e := &history[c.event]
			if op, ok := e.Op.(change); ok {
				if rapid.IntRange(0, 5).Draw(t, "fails") > 0 {
					op.apply(state)
					old = append(old, state.Clone())
				} else {
					e.Err = errUnknown
				}
			} else if e.Saw = state.Clone(); rapid.IntRange(0, 1).Draw(t, "stale") == 0 {
				e.Saw = rapid.SampledFrom(old).Draw(t, "an old state").Clone()
			}
			c.done = true
		default:
			history[c.event].Answered = clock
			delete(clients, id)
		}
	}
	return history
}

func drawSmall(t *rapid.T) change {
	k := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
	if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		return del(k)
	}
	return set(k, rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "value"))
}

// porcupineAccepts asks porcupine about a history. An operation that failed or
// never ended may take effect at any later time, or not at all; a read without
// an answer says nothing.
func porcupineAccepts(t interface{ Fatal(...any) }, history []crashtest.Event) bool {
	m := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{crashtest.State{}} },
		Equal: func(a, b any) bool { return a.(crashtest.State).Equal(b.(crashtest.State)) },
		Step: func(state, input, output any) []any {
			s, e := state.(crashtest.State), input.(crashtest.Event)
			if e.Op == nil {
				if e.Saw.Equal(s) {
					return []any{s}
				}
				return nil
			}
			next := s.Clone()
			e.Op.(change).apply(next)
			if output == nil {
				return []any{next}
			}
			return []any{s, next}
		},
	}
	var ops []porcupine.Operation
	for _, e := range history {
		end, certain := int64(e.Answered), e.Err == nil && e.Answered > 0
		if e.Op == nil && !certain {
			continue
		}
		o := porcupine.Operation{ClientId: e.Client - 1, Input: e, Call: int64(e.Issued), Return: end}
		if !certain {
			o.Output, o.Return = errUnknown, math.MaxInt64
		}
		ops = append(ops, o)
	}
	switch r, _ := porcupine.CheckOperationsVerbose(m.ToModel(), ops, 0); r {
	case porcupine.Ok:
		return true
	case porcupine.Illegal:
		return false
	default:
		t.Fatal("porcupine gave no answer")
		return false
	}
}

var errUnknown = errors.New("the outcome is unknown")
