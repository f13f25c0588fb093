package crashtest_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// groupSystem is a log with group commit: whoever finds the log free writes
// what all have queued and syncs once.
type groupSystem struct {
	logSystem
	early bool // wakes those who joined after the sync had begun
}

type groupStore struct {
	log   *logStore
	how   groupSystem
	guard chan struct{} // one slot: who holds it may touch queue and state
	token chan struct{} // one slot: who holds it may write
	queue []*waiter
}

type waiter struct {
	c    change
	done chan error
}

func (g groupSystem) Open(fsys vfs.FS) (crashtest.Store[change], error) {
	s, err := g.logSystem.Open(fsys)
	if err != nil {
		return nil, err
	}
	return &groupStore{log: s.(*logStore), how: g, guard: make(chan struct{}, 1), token: make(chan struct{}, 1)}, nil
}

func (s *groupStore) Do(c change) error {
	w := &waiter{c, make(chan error, 1)}
	s.guard <- struct{}{}
	s.queue = append(s.queue, w)
	<-s.guard
	select {
	case err := <-w.done:
		return err
	case s.token <- struct{}{}:
	}
	defer func() { <-s.token }()
	select {
	case err := <-w.done:
		return err
	default:
	}
	take := func() []*waiter {
		s.guard <- struct{}{}
		defer func() { <-s.guard }()
		q := s.queue
		s.queue = nil
		return q
	}
	group := take()
	all := change{set: map[string]string{}}
	for _, w := range group {
		for _, k := range w.c.del {
			delete(all.set, k)
			all.del = append(all.del, k)
		}
		maps.Copy(all.set, w.c.set)
	}
	err := s.log.Do(all)
	if s.how.early {
		group = append(group, take()...)
	}
	for _, w := range group {
		w.done <- err
	}
	return <-w.done
}

func (s *groupStore) Dump() (crashtest.State, error) { return s.log.Dump() }
func (s *groupStore) Close() error                   { return s.log.Close() }

var clients = [][]change{
	{set("a", "1"), set("a", "2")},
	{set("b", "1", "c", "1"), del("a")},
	{set("c", "3")},
}

func TestScheduledClientsOfARightStore(t *testing.T) {
	r := crashtest.Schedule(t, groupSystem{}, clients, 40, crashtest.Options{})
	if r.Histories != 40 {
		t.Error(r)
	}
}

func TestTheSameSeedGivesTheSameInterleaving(t *testing.T) {
	run := func(seed uint64) []string {
		var fs *crashfs.FS
		sys := spy{groupSystem{}, func(f *crashfs.FS) { fs = f }}
		crashtest.RunSeed(t, sys, clients, seed)
		var out []string
		for _, c := range fs.Trace() {
			out = append(out, c.String())
		}
		return out
	}
	distinct := map[string]bool{}
	for seed := range uint64(20) {
		first := run(seed)
		if again := run(seed); !slices.Equal(first, again) {
			t.Fatalf("seed %d: once\n%q\nand then\n%q", seed, first, again)
		}
		distinct[first[len(first)-1]+first[len(first)-2]+first[len(first)-3]] = true
	}
	if len(distinct) < 3 {
		t.Errorf("20 seeds gave %d interleavings", len(distinct))
	}
}

func TestASchedulerFindsAnEarlyWakeUp(t *testing.T) {
	f := crashtest.FirstFailingSeed(t, groupSystem{early: true}, clients, 200, crashtest.Options{})
	if f == nil {
		t.Fatal("not found")
	}
	if f.Verdict != crashtest.Lost {
		t.Errorf("verdict %v\n%v", f.Verdict, f)
	}
	t.Log(f)
}

// spy shows the file systems that a store is opened on.
type spy struct {
	crashtest.System[change]
	see func(*crashfs.FS)
}

func (s spy) Open(fsys vfs.FS) (crashtest.Store[change], error) {
	s.see(fsys.(*crashfs.FS))
	return s.System.Open(fsys)
}
