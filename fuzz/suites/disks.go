package suites

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// faults fails every call of a history that compacts and rotates, in every way
// that disks have. Its cases are named by the fault and the call: "4:12".
func faults() Suite {
	h := func() []crashtest.Step[Op] {
		h := crashtest.Ops(
			Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact},
			Op{Kind: Tx, Key: "b", Value: "2", Other: "a"}, Op{Kind: Rotate, Key: "a", Value: strings.Repeat("3", rotateSize)},
			Op{Kind: Set, Key: "c", Value: "4"}, Op{Kind: Compact}, Op{Kind: Set, Key: "d", Value: "5"},
		)
		return append(h, crashtest.Step[Op]{Action: crashtest.Reopen}, crashtest.Step[Op]{Op: Op{Kind: Set, Key: "e", Value: "6"}})
	}
	return Suite{
		Name: "faults", About: "each of fifteen disk faults at every call it can hit",
		begin: func(c config) source {
			s := crashtest.NewSession(System{}, crashtest.Options{
				Images: c.images, Bound: crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 8}, Deep: 50,
			})
			list := crashtest.CommonFaults()
			return source{
				result: s.Result,
				cases: func(yield func(string) bool) {
					for i := range list {
						for n := range s.Calls(h(), list[i]) {
							if !yield(fmt.Sprintf("%d:%d", i, n+1)) {
								return
							}
						}
					}
				},
				try: func(ctx context.Context, name string) (*crashtest.Failure, error) {
					var i, n int
					var rest string
					if k, _ := fmt.Sscanf(name, "%d:%d%s", &i, &n, &rest); k != 2 || i < 0 || i >= len(list) || n < 1 {
						return nil, fmt.Errorf("%q is no fault: it is one of 0 to %d and the number of a call, as in 4:12", name, len(list)-1)
					}
					_, f := s.Fault(ctx, h(), list[i], n)
					return f, nil
				},
			}
		},
	}
}

// rot damages every byte of every file, wipes each sector and overwrites it with
// its neighbour. Wiping the last frame together with the MARK that proves it
// looks like a clean end: the one operation that may go. Its cases are numbers.
func rot() Suite {
	h := crashtest.Ops(
		Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact},
		Op{Kind: Tx, Key: "b", Value: "2", Other: "a"}, Op{Kind: Compact},
		Op{Kind: Set, Key: "c", Value: strings.Repeat("3", 600)}, Op{Kind: Set, Key: "c", Value: strings.Repeat("4", 600)},
		Op{Kind: Rotate, Key: "a", Value: strings.Repeat("5", rotateSize)},
		Op{Kind: Set, Key: "d", Value: "6"}, Op{Kind: Set, Key: "e", Value: "7"},
	)
	return Suite{
		Name: "rot", About: "every byte of every file damaged, every sector wiped or misdirected",
		begin: func(c config) source {
			s := crashtest.NewSession(System{}, crashtest.Options{Images: c.images, MayRefuse: true, MayLose: 1})
			rotting := sync.OnceValues(func() (*crashtest.Rotting[Op], *crashtest.Failure) { return s.Rotting(h) })
			return source{
				result: s.Result,
				cases: func(yield func(string) bool) {
					r, f := rotting()
					if f != nil {
						yield("0") // which reports it
						return
					}
					for i := 0; i < r.Len() && yield(strconv.Itoa(i)); i++ {
					}
				},
				try: func(_ context.Context, name string) (*crashtest.Failure, error) {
					r, f := rotting()
					if f != nil {
						return f, nil
					}
					i, err := strconv.Atoi(name)
					if err != nil || i < 0 || i >= r.Len() {
						return nil, fmt.Errorf("%q is no damage: they are numbered from 0 to %d", name, r.Len()-1)
					}
					return r.Try(i), nil
				},
			}
		},
	}
}
