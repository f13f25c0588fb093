package migrate

import (
	"context"
	"fmt"
	"strings"
)

// ConnError says that a server cannot be reached, or no longer.
type ConnError struct {
	Addr string
	Err  error
}

func (e *ConnError) Error() string { return e.Addr + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ConnError) Unwrap() error { return e.Err }

// ServerError is an error that a server answered.
type ServerError struct{ Text string }

func (e *ServerError) Error() string { return e.Text }

// Code is the first word: ERR, NOAUTH, OOM.
func (e *ServerError) Code() string {
	code, _, _ := strings.Cut(e.Text, " ")
	return code
}

// concerns reports whether the error is about one key or value, so that others may
// well be written; else it is about the server, and goes for all.
func (e *ServerError) concernsKey() bool {
	switch e.Code() {
	case "OOM", "MISCONF", "READONLY", "NOAUTH", "NOPERM", "WRONGPASS", "LOADING", "MASTERDOWN", "NOREPLICAS",
		"BUSY", "MOVED", "ASK", "CLUSTERDOWN", "DENIED", "UNKILLABLE":
		return false
	}
	return true
}

// TakenError says that a side has a key with the name that large collections are
// built under.
type TakenError struct{ DB int }

func (e *TakenError) Error() string {
	return fmt.Sprintf("the source holds the key %q in database %d, which is the name that unfinished copies get", Unfinished, e.DB)
}

// interrupted prefers the end of ctx to the error that it causes.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
