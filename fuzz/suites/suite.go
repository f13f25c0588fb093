package suites

import (
	"context"
	"iter"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// A Suite is one way of looking for crashes that the engine does not survive. It
// consists of cases: histories, or faults in a history, or damages after it.
// Each has a name within the suite, and the same name is always the same case.
type Suite struct {
	Name  string
	About string // a line
	// Endless suites draw their cases by a seed, as many as one asks for; the
	// others have a certain number of them.
	Endless bool

	begin func(c config) source
}

// config is what a suite is told when it begins.
type config struct {
	seed   uint64
	short  bool // a part of what there is
	images *crashfs.ImageSet
}

// source is a suite that has begun.
type source struct {
	// cases are the names of the cases, in order.
	cases iter.Seq[string]
	// try does one; an error says that there is no case of that name. Several
	// may be tried at once.
	try func(ctx context.Context, name string) (*crashtest.Failure, error)
	// result is what was tried so far.
	result func(*crashtest.Failure) crashtest.Result
}

// Cases is how many cases the suite has, 0 for an endless one. It takes a moment.
func (s Suite) Cases() int {
	if s.Endless {
		return 0
	}
	n := 0
	for range s.begin(config{images: new(crashfs.ImageSet)}).cases {
		n++
	}
	return n
}

// All is every suite, those that end first.
func All() []Suite {
	return []Suite{
		short(), compactions(), stale(), readers(), snapshot(), rot(), faults(), never(), interval(), hostile(), bytewise(),
		sampled(), long(), filesystems(),
	}
}

// Find finds a suite by its name.
func Find(name string) (Suite, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return Suite{}, false
}
