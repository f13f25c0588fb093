package kernel

import (
	"errors"
	"fmt"
	"syscall"
)

// MachineError says that a round proved nothing, because the machine did not let
// the store work: the disk is full or read-only, or failed. It is no Failure:
// the store said so, as it must.
type MachineError struct {
	Errno syscall.Errno
	Text  string // what the store said
}

func (e *MachineError) Error() string { return "kernel: the machine refuses: " + e.Text }

// Unwrap returns the error number; errors.Is(err, syscall.ENOSPC) may hold.
func (e *MachineError) Unwrap() error { return e.Errno }

// refusal is the number of an error with which a machine refuses, 0 for any
// other error.
func refusal(err error) syscall.Errno {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO} {
		if errors.Is(err, e) {
			return e
		}
	}
	return 0
}

// refused makes a MachineError of an error that is one, and nil of any other.
func refused(what string, err error) error {
	if e := refusal(err); e != 0 {
		return &MachineError{Errno: e, Text: fmt.Sprintf("%s: %v", what, err)}
	}
	return nil
}
