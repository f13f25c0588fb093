package gallery

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis-lite/redis-lite/vfs"
)

// Case is one damaged store.
type Case struct {
	Number int    // of the hard case
	Name   string // "01-torn-last-frame"
	Story  string // what happened to the store, for a person
	Look   string // what to look at with hexdump: "@LSN" or "wal/FILE@OFFSET"

	// Unreadable says that reading a file of the store must fail with EIO where
	// Fault says; "" = all can be read.
	Unreadable string
	Fault      int64

	build func(w *shop)
}

// Commit is one transaction, as its writer knows it.
type Commit struct {
	LSN   uint64
	Acked bool // the writer was told that it is durable
	Set   map[string]string
	Del   []string
}

// Ledger is what the writer knows: every commit that was begun, in order.
type Ledger struct{ Commits []Commit }

// State is what a store holds whose history is those of the commits that keep
// says.
func (l *Ledger) State(keep func(lsn uint64) bool) map[string]string {
	state := map[string]string{}
	for _, c := range l.Commits {
		if !keep(c.LSN) {
			continue
		}
		for k, v := range c.Set {
			state[k] = v
		}
		for _, k := range c.Del {
			delete(state, k)
		}
	}
	return state
}

// Cases are all of them, in the order of the hard cases.
func Cases() []Case {
	all := slices.Concat(tails(), strangers(), crashes(), snapshots(), living())
	slices.SortStableFunc(all, func(a, b Case) int { return a.Number - b.Number })
	return all
}

// Find returns the case of a name.
func Find(name string) (Case, error) {
	for _, c := range Cases() {
		if c.Name == name {
			return c, nil
		}
	}
	return Case{}, fmt.Errorf("the gallery has no case %q", name)
}

// Make makes the store in dir, which does not exist, and returns what its writer
// knows.
func (c Case) Make(ctx context.Context, fsys vfs.FS, dir string) (l *Ledger, err error) {
	w := newShop(ctx)
	defer func() {
		w.disk.Stop()
		switch p := recover().(type) {
		case nil:
		case failure:
			err = fmt.Errorf("%s: %w", c.Name, p.err)
		default:
			panic(p)
		}
	}()
	c.build(w)
	w.export(fsys, dir)
	return &w.ledger, nil
}
