package cli

import "fmt"

// UsageError says that a command was called in a way it cannot be, or was given
// input that it cannot take. Nothing was done.
type UsageError struct {
	Msg string
	Try []string // what to run instead; may be nil
}

func (e *UsageError) Error() string { return e.Msg }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{Msg: fmt.Sprintf(format, args...)}
}

// HintError adds commands to try to another error.
type HintError struct {
	Err error
	Try []string
}

func (e *HintError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *HintError) Unwrap() error { return e.Err }

// Hint adds commands to try to err. They replace what Explain would suggest.
func Hint(err error, try ...string) error {
	if err == nil {
		return nil
	}
	return &HintError{Err: err, Try: try}
}

// DetailError adds to an error what its reader should know besides, on lines of
// its own.
type DetailError struct {
	Err    error
	Detail string
}

func (e *DetailError) Error() string { return e.Err.Error() + "\n" + e.Detail }

// Unwrap returns the error itself.
func (e *DetailError) Unwrap() error { return e.Err }

// CodeError ends a command with a code of its own: the answer is printed, and
// the code is part of it. With Msg it is explained on standard error as well.
type CodeError struct {
	Code int
	Kind string // for JSON; "" stands for the code's own
	Msg  string
}

func (e *CodeError) Error() string {
	if e.Msg == "" {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Msg
}

// Exit returns an error that ends the command with a code and prints nothing.
func Exit(code int) error { return &CodeError{Code: code} }
