package crashtest

import (
	"fmt"

	"github.com/redis-lite/redis-lite/vfs"
)

// A System is a store under test together with a model of it. Op is an
// operation that changes the store: a type of the caller's own. An Op that
// prints well (fmt.Stringer) makes a report that reads well.
type System[Op any] interface {
	// Open opens the store on a file system, creating it when there is nothing
	// and recovering it when there is something. It must do the same on the
	// same files every time: a store that draws random numbers gets a fixed
	// seed here.
	Open(fsys vfs.FS) (Store[Op], error)
	// Apply does to a state what op does to the store: it is the model.
	// Operations that change nothing a user can see (a compaction, a sync)
	// leave the state alone.
	Apply(s State, op Op)
}

// A Store is an open store.
type Store[Op any] interface {
	// Do carries out an operation. Returning nil acknowledges it: from then on
	// it must survive every crash (but see Durabler). After an error it may
	// have happened, or happen at a recovery, or not (but see Refuser).
	Do(op Op) error
	// Dump is everything that a user can read. A store that knows that it shows
	// less than there is (because it opened read-only on a full disk, say)
	// returns an error instead.
	Dump() (State, error)
	// Close ends the use of the store. After a crash it is called too, so that
	// goroutines end; its error counts only when nothing had failed before.
	Close() error
}

// A Durabler is a System in which not every acknowledgement promises
// durability: a store with lazy writes and a sync.
type Durabler[Op any] interface {
	// Durable says whether a nil error of Do(op) promises that op, and all
	// operations acknowledged before, survive a crash.
	Durable(op Op) bool
}

// A Refuser is a System some of whose errors mean that nothing was done.
type Refuser interface {
	// Refused says that an operation that failed with err will never be seen:
	// a key that is too long, say.
	Refused(err error) bool
}

// A Prober is a System that names an operation to try after a recovery: the
// store must take it, and it must survive the next crash.
type Prober[Op any] interface {
	Probe() Op
}

// format prints an operation for people.
func format[Op any](op Op) string {
	if s, ok := any(op).(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%+v", op)
}
