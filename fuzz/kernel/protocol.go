package kernel

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A child tells its parent what it does in lines of text, each one write to a
// pipe, so that a line that was written outlives the child and its file system.
// Each begins with the time at which it became true, in Unix nanoseconds: what a
// child learns after its file system's power was cut is not to be believed.
//
//	open N R BYTES  the store is open, holds transaction N of round R, and
//	                recovery cut off a torn tail of so many bytes
//	begin N         transaction N may reach the disk from now on
//	ack N           it is acknowledged, as the durability mode has it
//	sync N          it is acknowledged as durable
//	compact         a compaction succeeded
//	close           the store was closed in order
//	error K TEXT    an operation failed: K is the kind of its error
//	machine E TEXT  it was the machine that refused: E is the error's number
//	done            the child ends because it has done its work
type line struct {
	at   int64
	what string
	pos  position
	cut  int64  // open: bytes cut off
	text string // error: kind and message; machine: message

	refused syscall.Errno // machine
}

// The kinds of errors, by what errors.Is says of them.
const (
	kindUnknown  = "outcome-unknown" // of a commit that was under way
	kindFailed   = "log-failed"      // of a commit after the log had failed
	kindReadOnly = "read-only"       // of a commit to a store that opened read-only for want of room
	kindOpen     = "open"            // of an Open
	kindCompact  = "compact"         // of a compaction
	kindClose    = "close"           // of a Close
	kindOther    = "other"           // of a commit: no error that a caller can tell apart
)

// reporter writes lines; several clients share one.
type reporter struct {
	mu sync.Mutex
	w  io.Writer
}

func (r *reporter) line(format string, args ...any) {
	text := fmt.Appendf(nil, "%d "+format+"\n", append([]any{time.Now().UnixNano()}, args...)...)
	r.mu.Lock()
	defer r.mu.Unlock()
	// Whoever is not heard has lost its parent and will be told so by its
	// standard input.
	r.w.Write(text)
}

func (r *reporter) error(kind string, err error) {
	r.line("error %s %v", kind, err)
	r.machine(err)
}

// machine reports an error that says nothing about the store.
func (r *reporter) machine(err error) {
	if e := refusal(err); e != 0 {
		r.line("machine %d %v", uint(e), err)
	}
}

// parseLine reads what a reporter wrote.
func parseLine(s string) (line, error) {
	at, rest, _ := strings.Cut(s, " ")
	what, rest, _ := strings.Cut(rest, " ")
	l := line{what: what}
	var err error
	switch what {
	case "open":
		_, err = fmt.Sscanf(rest, "%d %d %d", &l.pos.N, &l.pos.Round, &l.cut)
	case "begin", "ack", "sync":
		_, err = fmt.Sscanf(rest, "%d", &l.pos.N)
	case "error":
		l.text = rest
	case "machine":
		number, text, _ := strings.Cut(rest, " ")
		var n uint64
		n, err = strconv.ParseUint(number, 10, 32)
		l.refused, l.text = syscall.Errno(n), text
	case "compact", "close", "done":
	default:
		err = fmt.Errorf("no such line")
	}
	if err == nil {
		l.at, err = strconv.ParseInt(at, 10, 64)
	}
	if err != nil {
		return l, fmt.Errorf("kernel: the child said %q: %w", s, err)
	}
	return l, nil
}

// heard is all that a child said.
type heard struct {
	opened   []position // what it found, open by open
	begun    uint64     // newest transaction that may have reached the disk
	acked    uint64     // newest that was acknowledged in any way
	synced   uint64     // newest that was acknowledged as durable
	acks     uint64     // how many were acknowledged
	compacts int
	torn     int      // torn tails
	errors   []string // "KIND TEXT"
	refused  *MachineError
	done     bool
}

func (h *heard) add(l line) {
	switch l.what {
	case "open":
		h.opened = append(h.opened, l.pos)
		if l.cut > 0 {
			h.torn++
		}
	case "begin":
		h.begun = max(h.begun, l.pos.N)
	case "ack":
		h.acked = max(h.acked, l.pos.N)
		h.acks++
	case "sync":
		h.acked, h.synced = max(h.acked, l.pos.N), max(h.synced, l.pos.N)
		h.acks++
	case "compact":
		h.compacts++
	case "close": // in order: whatever the mode, all of it is on the disk
		h.synced = max(h.synced, h.acked)
	case "error":
		h.errors = append(h.errors, l.text)
	case "machine":
		h.refused = &MachineError{Errno: l.refused, Text: l.text}
	case "done":
		h.done = true
	}
}
