package wal

import (
	"errors"
	"log/slog"
)

// fail ends the log when err is not nil: nothing is written any more, and
// everybody who waits learns that the outcome is unknown. A sync is never tried
// again: after a failed one the kernel may report success for pages that it
// dropped.
func (l *Log) fail(err error) error {
	if err == nil {
		return nil
	}
	var cause *LogError
	if !errors.As(err, &cause) {
		cause = &LogError{Op: "use", File: l.o.Dir, Err: err}
	}
	l.mu.Lock()
	if first := l.failed.Load(); first != nil {
		cause = first
	}
	l.failed.Store(cause)
	queue := l.queue
	l.queue = nil
	for _, b := range queue {
		l.unstage(b)
	}
	l.wakeReaders()
	l.mu.Unlock()
	l.o.Logger.Error("log failed", slog.String("op", cause.Op), slog.String("file", cause.File), slog.Any("error", cause.Err))
	for _, b := range queue {
		b.end(cause)
	}
	return cause
}
