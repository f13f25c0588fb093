package crashtest

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/redis-lite/redis-lite/vfs"
)

// openStore opens a store; a panic is an error.
func openStore[Op any](sys System[Op], fsys vfs.FS) (store Store[Op], err error) {
	err = guard(func() error {
		store, err = sys.Open(fsys)
		return err
	})
	return store, err
}

func dump[Op any](s Store[Op]) (state State, err error) {
	err = guard(func() error {
		state, err = s.Dump()
		return err
	})
	return state, err
}

// panicError is a panic of the store.
type panicError struct {
	value any
	stack string
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

func guard(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, trim(string(debug.Stack()))}
		}
	}()
	return fn()
}

// trim leaves the part of a stack that begins where the panic was.
func trim(stack string) string {
	if i := strings.LastIndex(stack, "panic("); i >= 0 {
		stack = stack[i:]
	}
	if lines := strings.SplitAfterN(stack, "\n", 14); len(lines) == 14 {
		stack = strings.Join(lines[:13], "")
	}
	return stack
}
