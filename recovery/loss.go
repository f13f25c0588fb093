package recovery

import "slices"

// Cause says why a commit is not in the new store of a Recover, or is doubtful.
type Cause uint8

const (
	// Whole: kept, on a whole history.
	Whole Cause = iota
	// Broken: its bytes are rotten, missing, foreign, or contradicted.
	Broken
	// Behind: sound, and behind a place where commits are missing.
	Behind
	// Unacknowledged: in a torn tail. In durability Always nobody was ever told
	// that it is durable; in the lazier modes it is what they may lose.
	Unacknowledged
	// Asked: behind RecoverOptions.ToLSN.
	Asked
)

// String names the cause, as JSON has it.
func (c Cause) String() string {
	return [...]string{"whole", "damage", "behind-damage", "torn-tail", "asked"}[c]
}

// LSNRange is a run of LSNs, both ends included, and what became of them.
type LSNRange struct {
	From, To uint64
	Cause    Cause
	// Open says that To is what is known at least: nothing tells how many
	// commits there were behind it.
	Open   bool
	Reason string
}

// Count is the number of LSNs in ranges.
func Count(list []LSNRange) (n uint64) {
	for _, r := range list {
		n += r.To - r.From + 1
	}
	return n
}

// Loss accounts for every record that the damaged store is known to have held.
// Every LSN from 1 to the highest that was seen is in exactly one of the lists.
type Loss struct {
	SnapshotLSN uint64 // everything up to here came from a snapshot
	LastLSN     uint64 // the last LSN in the new store
	Entries     uint64 // keys in the new store
	LostKeys    uint64 // in blocks of a snapshot that could not be read

	Kept     []LSNRange // in the new store, on a whole history
	Doubtful []LSNRange // in the new store, behind a gap in its history
	Lost     []LSNRange // not in the new store
	// Unused were never given to a commit that anybody was told of: behind a
	// torn tail the LSNs jump. As far back as the log goes; what an older one
	// skipped counts as kept.
	Unused []LSNRange
}

// Complete says that nothing is missing but what a crash may take, or what was
// asked to be left out.
func (l *Loss) Complete() bool {
	return len(l.Doubtful) == 0 && !slices.ContainsFunc(l.Lost, func(r LSNRange) bool {
		return r.Cause == Broken || r.Cause == Behind
	})
}

// Exact says that it is known how many commits were lost.
func (l *Loss) Exact() bool {
	return !slices.ContainsFunc(l.Lost, func(r LSNRange) bool { return r.Open })
}

// addRange adds LSNs to a list, in ascending order, joining what belongs together.
func addRange(list []LSNRange, r LSNRange) []LSNRange {
	if n := len(list); n > 0 {
		last := &list[n-1]
		if last.Open && last.To < r.From {
			last.To, last.Open = r.From-1, false // here it ends
		}
		if last.To+1 == r.From && last.Reason == r.Reason && last.Cause == r.Cause && !last.Open {
			last.To, last.Open = r.To, r.Open
			return list
		}
	}
	return append(list, r)
}

// without takes the ranges of gaps out of a list; both ascend.
func without(list, gaps []LSNRange) []LSNRange {
	for _, g := range gaps {
		var out []LSNRange
		for _, r := range list {
			if r.To < g.From || g.To < r.From {
				out = append(out, r)
				continue
			}
			if r.From < g.From {
				left := r
				left.To, left.Open = g.From-1, false
				out = append(out, left)
			}
			if g.To < r.To {
				right := r
				right.From = g.To + 1
				out = append(out, right)
			}
		}
		list = out
	}
	return list
}
