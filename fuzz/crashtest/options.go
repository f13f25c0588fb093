package crashtest

import (
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// Options say how far a run goes. The zero value is a good start: mode Worst,
// atoms of 512 bytes, every subset of up to twelve pending effects.
type Options struct {
	// Modes are the file systems that are simulated; nil means Worst alone.
	Modes []crashfs.Mode
	// Atom is the unit of tearing in bytes; 0 means 512.
	Atom int
	// Bound is how many crash images are made at each point. Its Salt and
	// Census are the harness's own.
	Bound crashfs.Bound
	// Deep makes every Deep-th image go through everything: the recovery itself
	// is crashed before each of its steps, and the store is used and crashed
	// again. 0 means 4, 1 all of them, a negative number none.
	Deep int
	// Recovery is how many images are made at each step of a recovery: 0 means
	// all that lose or keep everything or one effect.
	Recovery crashfs.Bound
	// Created has the store created and closed, and all of that made durable,
	// before the history and its crashes begin.
	Created bool
	// Faults are put in place before the history begins, and last over reopens
	// and crashes of it. The images are tried on a disk without faults.
	// Operations that fail because of them may have happened; a store may also
	// fail to open while they last.
	Faults []crashfs.Fault
	// MayLose allows recovery to drop up to so many acknowledged operations at
	// the end: the price of Hostile, of rot in the last record, of a lazy store.
	MayLose int
	// MayRefuse allows the store not to open, as long as it says so: for
	// damage, and for disks that lie.
	MayRefuse bool
	// Loose allows a store to serve what a later crash takes away again. A
	// store that syncs, or rewrites, what it found before it serves it does not
	// need this.
	Loose bool
	// Readers is how many clients Schedule adds that only read (Dump), four times
	// each. What they are shown, together with the writers' answers, must agree
	// with one order of the operations: NotLinearizable otherwise.
	Readers int
	// ReadsLast says that what a reader was shown must survive every crash from
	// then on: the promise of a store that syncs before it shows.
	ReadsLast bool
	// Live, when set, is given what the clients of each run of Schedule did and
	// saw before any crash, in the order in which they began: for a checker of
	// one's own, porcupine for instance.
	Live func(seed uint64, history []Event)
	// Workers is how many histories are tried at once by Exhaust; 0 means one
	// for each processor.
	Workers int
	// Images, when not nil, remembers the images that the store was opened on, so
	// that several runs together can say how many different ones there were.
	Images *crashfs.ImageSet
	// Report is the directory for the page that is written on a failure; empty
	// means a place for temporary files.
	Report string
}

func (o Options) modes() []crashfs.Mode {
	if len(o.Modes) == 0 {
		return []crashfs.Mode{crashfs.Worst}
	}
	return o.Modes
}

func (o Options) deep(hash uint64) bool {
	switch {
	case o.Deep < 0:
		return false
	case o.Deep == 0:
		return hash%4 == 0
	}
	return hash%uint64(o.Deep) == 0
}

// recoveryBound is the bound for crashes during a recovery.
func (o Options) recoveryBound() crashfs.Bound {
	b := o.Recovery
	if b.Exhaustive == 0 {
		b.Exhaustive = 4
	}
	if b.Pairs == 0 {
		b.Pairs = -1
	}
	if b.Random == 0 {
		b.Random = 4
	}
	return b
}
