package demo

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/redis-lite/redis-lite/engine"
)

// Judgement compares a recovered store with the parent's list.
type Judgement struct {
	Expected  int64 // acknowledged, as the pipe told, or recovered in an earlier round
	Recovered int64 // of these, found with the right bytes and LSN
	Begun     int64 // commits begun and not acknowledged when the kill came
	Extra     int64 // of these, found: written, but the acknowledgement was not out yet
	Wrong     []string
}

// OK reports whether everything is as promised.
func (j *Judgement) OK() bool { return len(j.Wrong) == 0 && j.Recovered == j.Expected }

// maxWrong is how many complaints are kept; one is bad enough.
const maxWrong = 20

func (j *Judgement) complain(format string, args ...any) {
	if len(j.Wrong) < maxWrong {
		j.Wrong = append(j.Wrong, fmt.Sprintf(format, args...))
	}
}

// judge looks at everything that the store holds, and enters into the ledger
// what came back unacknowledged: it has been served now, and must stay.
func judge(db *engine.DB, l *ledger, seed uint64) (*Judgement, error) {
	j := &Judgement{Expected: l.acked()}
	err := db.View(func(tx *engine.Tx) error {
		found := 0
		for w := range l.begun {
			n, err := judgeWriter(tx, j, l, seed, w)
			if err != nil {
				return err
			}
			found += n
		}
		if all := tx.Count(engine.Scan{}); all != found {
			j.complain("the store holds %d keys, of which nobody wrote %d", all, all-found)
		}
		return nil
	})
	return j, err
}

// judgeWriter checks one writer's keys and returns how many there are.
func judgeWriter(tx *engine.Tx, j *Judgement, l *ledger, seed uint64, w int) (keys int, err error) {
	var (
		lsns  = l.lsns[w]
		acked = uint32(len(lsns))
		begun = l.begun[w]
		next  = uint32(1)
		last  []byte
	)
	var back []uint64
	for it := range tx.Items(engine.Scan{Prefix: prefix(w)}) {
		keys++
		if bytes.Equal(it.Key, lastKey(w)) {
			last = it.Value
			continue
		}
		for ; next < begun && bytes.Compare(commitKey(w, next), it.Key) < 0; next++ {
			j.missing(w, next, acked)
		}
		if next > begun || !bytes.Equal(it.Key, commitKey(w, next)) {
			j.complain("writer %d: key %q was never written", w, it.Key)
			continue
		}
		own, _ := values(seed, w, next)
		switch {
		case !bytes.Equal(it.Value, own):
			j.complain("writer %d, commit %d: came back with other bytes than were written", w, next)
		case next <= acked && it.LSN != lsns[next-1]:
			j.complain("writer %d, commit %d: acknowledged as LSN %d, came back as LSN %d", w, next, lsns[next-1], it.LSN)
		case next <= acked:
			j.Recovered++
		default:
			j.Extra++
		}
		back = append(back, it.LSN)
		next++
	}
	recovered := next - 1
	for ; next <= acked; next++ {
		j.missing(w, next, acked)
	}
	if begun > acked {
		j.Begun += int64(begun - acked)
	}
	j.judgeLast(w, recovered, last, seed)
	l.settle(w, back)
	return keys, nil
}

func (j *Judgement) missing(w int, number, acked uint32) {
	if number <= acked {
		j.complain("writer %d, commit %d: acknowledged, and LOST", w, number)
	} else {
		j.complain("writer %d, commit %d: missing, and a later one is there", w, number)
	}
}

// judgeLast checks the second key of a writer's last commit: both or none.
func (j *Judgement) judgeLast(w int, recovered uint32, last []byte, seed uint64) {
	if recovered == 0 {
		if last != nil {
			j.complain("writer %d: half of a commit came back", w)
		}
		return
	}
	_, want := values(seed, w, recovered)
	if n, ok := numberOf(last); !ok || n != recovered {
		j.complain("writer %d: half of a commit came back: one key says %d, the other %d", w, recovered, n)
	} else if !bytes.Equal(last, want) {
		j.complain("writer %d, commit %d: its second key came back with other bytes", w, recovered)
	}
}

// errStopped says that the child ended before it was killed.
var errStopped = errors.New("demo: the child ended by itself")
