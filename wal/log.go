package wal

import "context"

// Log is a log open for appending.
type Log struct{}

// Create makes a new log: its first segment, numbered 1, whose first record will
// have LSN firstLSN.
func Create(o Options, firstLSN uint64) (*Log, error) { panic("not there yet") }

// Continue goes on behind the last frame of the segment t.Seq. When t.Sealed it
// is StartAfter(o, t, t.NextLSN).
func Continue(o Options, t Tail) (*Log, error) { panic("not there yet") }

// StartAfter goes on in a new segment, t.Seq+1, which declares t.Offset as the
// end of its predecessor and firstLSN as its first LSN. Options.Rotated is called.
func StartAfter(o Options, t Tail, firstLSN uint64) (*Log, error) { panic("not there yet") }

// Append queues a record, one well-formed CBOR item, and returns at once with
// its LSN: LSNs follow the order of the calls, without a hole. The bytes are
// copied; item is handed to Options.Durable with the record's batch. It blocks
// only while more than MaxStaged bytes wait, and only until ctx ends.
//
// The caller then calls Wait, or, when it is not going to wait at once, Start.
// A record with neither is committed together with the next one that has.
//
// Errors: ErrClosed, *LogError (ErrFailed), *RecordSizeError, ctx's error; none
// of them leaves anything behind.
func (l *Log) Append(ctx context.Context, record []byte, item any, d Durability) (Pending, error) {
	panic("not there yet")
}

// Pending is a record on its way; a small value, free to copy.
type Pending struct{}

// LSN is the record's number.
func (p Pending) LSN() uint64 { panic("not there yet") }

// Wait waits until the record is durable (in the lazier modes: written, unless it
// asked for Durable) and was delivered to Options.Durable. It may itself commit
// what is queued, the records of others included. Any number of goroutines may
// wait, any number of times.
//
// An error is always an *OutcomeError: of the log's failure, or of ctx, which
// ends the wait and not the commit. A commit that the caller has already begun
// itself is finished first.
func (p Pending) Wait(ctx context.Context) error { panic("not there yet") }

// Start has the record committed by a goroutine of the log, unless somebody is
// going to do it anyway. It never blocks.
func (p Pending) Start() { panic("not there yet") }

// Done is closed when Wait would return without waiting.
func (p Pending) Done() <-chan struct{} { panic("not there yet") }

// NextLSN is the LSN that the next record will get.
func (l *Log) NextLSN() uint64 { panic("not there yet") }

// Durable is the last LSN that is known to be durable.
func (l *Log) Durable() uint64 { panic("not there yet") }

// Written is the last LSN that was handed to the operating system.
func (l *Log) Written() uint64 { panic("not there yet") }

// Err is the error that the log failed with, a *LogError, or nil.
func (l *Log) Err() error { panic("not there yet") }

// Sync waits until everything appended before the call is durable. When that
// leaves the log idle, it writes a MARK.
func (l *Log) Sync(ctx context.Context) error { panic("not there yet") }

// Rotate commits what is queued, seals the segment and goes on in a new one. An
// empty segment is left as it is.
func (l *Log) Rotate(ctx context.Context) error { panic("not there yet") }

// Segments lists the log's segments in order, the one being written last.
func (l *Log) Segments() []SegmentInfo { panic("not there yet") }

// TruncateFront removes the segments numbered below keepFrom that no Reader
// holds, never the one being written, in ascending order, and syncs the
// directory. The caller has made MANIFEST say so before. What a Reader held back
// goes with a later call.
func (l *Log) TruncateFront(ctx context.Context, keepFrom uint64) (removed []uint64, err error) {
	panic("not there yet")
}

// Close commits what is queued, syncs, writes a MARK, trims the zeros behind it
// and closes the file. It returns the error that the log failed with, if it did.
// Closing again returns the same.
func (l *Log) Close() error { panic("not there yet") }

// Metrics returns counters since the log was opened.
func (l *Log) Metrics() Metrics { panic("not there yet") }

// Metrics counts what a log did.
type Metrics struct{}

// Reader streams the log's durable records while it is being written.
type Reader struct{}

// Reader returns a reader whose first record is from. Records that do not exist
// yet are waited for. While it is open, no segment from its position on is removed.
func (l *Log) Reader(from uint64) (*Reader, error) { panic("not there yet") }

// Next returns the next record; its bytes are valid until the next call.
func (r *Reader) Next(ctx context.Context) (lsn uint64, record []byte, err error) {
	panic("not there yet")
}

// Close gives the segments free.
func (r *Reader) Close() error { panic("not there yet") }
