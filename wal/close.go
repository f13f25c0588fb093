package wal

import "errors"

// Close commits what is queued, syncs, writes a MARK, trims the zeros behind it
// and closes the file. It returns the error that the log failed with, if it did.
// Closing again waits for the first Close and returns the same.
func (l *Log) Close() error {
	l.mu.Lock()
	first := !l.closing
	l.closing = true
	l.wakeRoom()
	l.mu.Unlock()
	if !first {
		<-l.closed
		return l.result
	}
	l.token <- struct{}{}
	l.result = l.shutDown()
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	l.release()
	if last != nil {
		<-last.done
	}
	l.mu.Lock()
	l.ended = true
	l.wakeReaders()
	l.mu.Unlock()
	close(l.closed)
	return l.result
}

// shutDown does what Close does to the file. The token is held, and nothing is
// appended any more.
func (l *Log) shutDown() error {
	l.idle.stop()
	l.lazy.stop()
	err := l.drain(l.next)
	if err == nil {
		// The MARK before the trim: once it is durable, nothing that a crash
		// leaves behind it can be taken for a record. The trim itself need not
		// be durable, because zeros behind a MARK are a clean end too.
		if err = l.fail(l.tail.mark(l)); err == nil {
			err = l.fail(l.tail.trim())
		}
	}
	return errors.Join(err, l.tail.file.Close())
}
