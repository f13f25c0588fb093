package suites

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// only is the name of the case of a suite that has one.
const only = "all"

// single is a suite of one history.
func single(sys System, h func() []crashtest.Step[Op], o crashtest.Options) source {
	s := crashtest.NewSession(sys, o)
	return source{
		cases: slices.Values([]string{only}), result: s.Result,
		try: func(ctx context.Context, name string) (*crashtest.Failure, error) {
			if name != only {
				return nil, fmt.Errorf("%q: the one case of this suite is called %q", name, only)
			}
			return s.History(ctx, h()), nil
		},
	}
}

// compactions makes snapshot upon snapshot, until the log that the first ones
// covered is gone: now everything hangs on the images.
func compactions() Suite {
	h := func() []crashtest.Step[Op] {
		return crashtest.Ops(
			Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact}, Op{Kind: Set, Key: "b", Value: "2"}, Op{Kind: Compact},
			Op{Kind: Tx, Key: "c", Value: "3", Other: "a"}, Op{Kind: Compact}, Op{Kind: Set, Key: "d", Value: "4"},
		)
	}
	return Suite{
		Name: "compactions", About: "snapshot upon snapshot, until the log they covered is gone",
		begin: func(c config) source {
			return single(System{}, h, crashtest.Options{Images: c.images, Bound: crashfs.Bound{Exhaustive: 10, Pairs: 16, Random: 16}})
		},
	}
}

// stale is a lazy store whose second and third frame reach the disk and whose
// first does not. What is cut off then must not come to life again behind a new
// frame that happens to be as long as the first.
func stale() Suite {
	value := func(s string) Op { return Op{Kind: Set, Key: "a", Value: strings.Repeat(s, 600)} }
	firstFrame := func(_ int, e *crashfs.Effect) crashfs.Fate {
		if e.Kind == crashfs.Data && strings.HasSuffix(e.Name, ".wal") && e.Off == 4096 {
			return crashfs.Lose
		}
		return crashfs.Keep
	}
	h := func() []crashtest.Step[Op] {
		h := crashtest.Ops(value("1"), value("2"), value("3"))
		h = append(h, crashtest.Step[Op]{Action: crashtest.Crash, Choose: firstFrame})
		h = append(h, crashtest.Ops(value("4"))...)
		h = append(h, crashtest.Step[Op]{Action: crashtest.Kill})
		return append(h, crashtest.Ops(value("5"))...)
	}
	return Suite{
		Name: "stale", About: "frames behind one that was lost must not come to life again",
		begin: func(c config) source {
			return single(System{Durability: engine.Never}, h,
				crashtest.Options{Images: c.images, Bound: crashfs.Bound{Exhaustive: 8, Pairs: 12, Random: 12}})
		},
	}
}
