package vfstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/vfs"
)

// each runs n goroutines and reports their first errors.
func (e *env) each(n int, do func(i int) error) {
	e.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := do(i); err != nil {
				e.Error(err)
			}
		})
	}
	wg.Wait()
}

var concurrentCases = []testCase{
	{"writers of separate ranges do not disturb each other", func(e *env) {
		const writers, block, rounds = 8, 5_000, 20
		f := e.create(e.path("f"), "")
		pattern := func(i, round int) []byte { return bytes.Repeat([]byte{byte(1 + i*rounds + round)}, block) }
		e.each(writers, func(i int) error {
			got := make([]byte, block)
			for round := range rounds {
				want := pattern(i, round)
				if _, err := f.WriteAt(want, int64(i*block)); err != nil {
					return err
				}
				if _, err := f.ReadAt(got, int64(i*block)); err != nil && err != io.EOF {
					return err
				}
				if !bytes.Equal(got, want) {
					return fmt.Errorf("writer %d reads back something else in round %d", i, round)
				}
				if err := f.DataSync(); err != nil {
					return err
				}
			}
			return nil
		})
		var want []byte
		for i := range writers {
			want = append(want, pattern(i, rounds-1)...)
		}
		e.holds(f, string(want))
	}},
	{"one of many creators of a name wins", func(e *env) {
		for round := range 20 {
			var won atomic.Int32
			e.each(8, func(int) error {
				f, err := e.Create(e.path(fmt.Sprint("f", round)))
				if err == nil {
					won.Add(1)
					return f.Close()
				}
				return nil
			})
			if won.Load() != 1 {
				e.Fatalf("%d goroutines created the same file", won.Load())
			}
		}
	}},
	{"one of many lockers wins", func(e *env) {
		var holders atomic.Int32
		e.each(8, func(int) error {
			for range 50 {
				l, err := e.Lock(e.path("LOCK"))
				if errors.Is(err, vfs.ErrLocked) {
					continue
				}
				if err != nil {
					return err
				}
				if n := holders.Add(1); n != 1 {
					return fmt.Errorf("%d hold the lock", n)
				}
				holders.Add(-1)
				if err := l.Close(); err != nil {
					return err
				}
			}
			return nil
		})
		e.lock(e.path("LOCK"))
	}},
	{"a reader of a name meets a whole file however often it is published", func(e *env) {
		const size = 10_000
		e.put(e.path("f"), string(bytes.Repeat([]byte{1}, size)))
		var done atomic.Bool
		e.each(4, func(i int) error {
			if i == 0 {
				defer done.Store(true)
				for round := range 30 {
					f, err := e.CreateTemp(e.path("f"))
					if err != nil {
						return err
					}
					if _, err := f.WriteAt(bytes.Repeat([]byte{byte(round)}, size), 0); err != nil {
						return err
					}
					if err := f.Publish(); err != nil {
						return err
					}
				}
				return nil
			}
			for !done.Load() {
				f, err := e.Open(e.path("f"))
				if err != nil {
					return err
				}
				got := make([]byte, size)
				_, err = f.ReadAt(got, 0)
				f.Close()
				if err != nil {
					return err
				}
				if !bytes.Equal(got, bytes.Repeat(got[:1], size)) {
					return errors.New("a mixture of two files")
				}
			}
			return nil
		})
	}},
	{"listing while names come and go", func(e *env) {
		var done atomic.Bool
		e.each(4, func(i int) error {
			if i == 0 {
				defer done.Store(true)
				for round := range 100 {
					name := e.path(fmt.Sprint("f", round%5))
					f, err := e.Create(name)
					if err != nil {
						return err
					}
					f.Close()
					if err := e.Remove(name); err != nil {
						return err
					}
				}
				return nil
			}
			for !done.Load() {
				if _, err := e.List(e.dir); err != nil {
					return err
				}
			}
			return nil
		})
	}},
}
