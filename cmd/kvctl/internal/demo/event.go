package demo

import (
	"encoding/binary"
	"errors"
	"io"
)

// Events cross the pipe as 17 bytes, each in one write: shorter than PIPE_BUF,
// so that those of several goroutines never mix and none arrives in part, but
// for the last one before the kill.
const eventSize = 17

// event is one thing that a writer did.
type event struct {
	acked  bool // else begun
	writer uint32
	number uint32 // of the commit, from 1
	lsn    uint64 // of an acknowledged commit
}

func (e event) encode() []byte {
	b := make([]byte, eventSize)
	if e.acked {
		b[0] = 1
	}
	binary.LittleEndian.PutUint32(b[1:], e.writer)
	binary.LittleEndian.PutUint32(b[5:], e.number)
	binary.LittleEndian.PutUint64(b[9:], e.lsn)
	return b
}

// readEvent reads one event; io.EOF is the end, also in the middle of an event.
func readEvent(r io.Reader) (e event, err error) {
	var b [eventSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return e, err
	}
	return event{
		acked:  b[0] == 1,
		writer: binary.LittleEndian.Uint32(b[1:]),
		number: binary.LittleEndian.Uint32(b[5:]),
		lsn:    binary.LittleEndian.Uint64(b[9:]),
	}, nil
}

// ledger is the parent's own list of what it was told.
type ledger struct {
	begun []uint32   // by writer: the last commit begun
	lsns  [][]uint64 // by writer: the LSN of each acknowledged commit
}

func newLedger(writers int) *ledger {
	return &ledger{begun: make([]uint32, writers), lsns: make([][]uint64, writers)}
}

// errProtocol says that the child did not keep to the order that the judgement
// rests on.
var errProtocol = errors.New("demo: the child's events are out of order")

// add enters an event.
func (l *ledger) add(e event) error {
	if int(e.writer) >= len(l.begun) {
		return errProtocol
	}
	next := uint32(len(l.lsns[e.writer])) + 1
	switch {
	case e.number != next, e.acked && l.begun[e.writer] != next:
		return errProtocol
	case e.acked:
		l.lsns[e.writer] = append(l.lsns[e.writer], e.lsn)
	default:
		l.begun[e.writer] = next
	}
	return nil
}

// settle takes over what was recovered: a commit that came back without an
// acknowledgement is one to be kept from now on.
func (l *ledger) settle(writer int, lsns []uint64) { l.lsns[writer] = lsns }

// acked is how many commits the parent has acknowledgements for.
func (l *ledger) acked() (n int64) {
	for _, w := range l.lsns {
		n += int64(len(w))
	}
	return n
}

// newestLSN is the highest that was acknowledged.
func (l *ledger) newestLSN() (lsn uint64) {
	for _, w := range l.lsns {
		for _, x := range w {
			lsn = max(lsn, x)
		}
	}
	return lsn
}
