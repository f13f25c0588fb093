package suites

import (
	"fmt"
	"iter"
	"syscall"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// Faults are the ways in which one call goes wrong.
func Faults() []crashfs.Fault {
	sync := crashfs.OpSync | crashfs.OpDataSync
	return []crashfs.Fault{
		{On: crashfs.OpChanges, Do: crashfs.Fail, Err: syscall.EIO},
		{On: crashfs.OpChanges, Do: crashfs.FailAfter, Err: syscall.EIO},
		{On: crashfs.OpWrites, Do: crashfs.Fail, Err: syscall.ENOSPC, Short: 1},
		{On: crashfs.OpWrites, Do: crashfs.Fail, Err: syscall.ENOSPC, Short: 700},
		{On: sync, Do: crashfs.SyncLost},
		{On: sync, Do: crashfs.SyncReverted},
	}
}

// FailEvery runs every history with one call failing, for every call and every
// fault, goes on with the history as a caller would who ignores errors, and then
// cuts the power. What was acknowledged must be there; the one operation that
// failed first may be.
func FailEvery(histories iter.Seq[[]Op], c Config) Result {
	census := &crashfs.Census{}
	c.Bound.Census = census
	p := newPool(c.Stop)
	for h := range histories {
		if !p.submit(func() { failOne(h, c, p) }) {
			break
		}
		p.result.Histories++
	}
	p.wait()
	p.result.Counts = census.Counts()
	return p.result
}

func failOne(h []Op, c Config, p *pool) {
	for _, fault := range Faults() {
		for nth := 1; !p.stopped(); nth++ {
			fault.Nth = nth
			if !failAt(h, fault, c, p) {
				break
			}
		}
	}
}

// failAt injects one fault; it reports whether the history made that many calls.
func failAt(h []Op, fault crashfs.Fault, c Config, p *pool) bool {
	r := newRun(h, c.Disk)
	in := r.fs.Inject(fault)
	// failed is the state that the first failed operation would have made.
	failed := ""
	if s, err := Open(r.fs, c.Durability); err == nil {
		r.store = s
		for _, o := range h {
			before := r.done
			if err := r.step(o); err != nil && failed == "" {
				failed = before.Apply(o).String()
			}
			if r.store.db == nil {
				break // a reopen failed
			}
		}
	}
	if in.Fired() == 0 {
		return false
	}
	legal := []string{r.done.String()}
	if failed != "" {
		legal = append(legal, failed)
	}
	exp := r.expect(legal)
	bound := c.Bound
	bound.Salt = salt(legal)
	where := fmt.Sprintf("%v of %v at its call %d, then a power cut", fault.Do, fault.Err, fault.Nth)
	for img := range r.fs.Point().States(bound) {
		if p.stopped() {
			break
		}
		p.judge(img, exp, h, where, c.Thorough)
	}
	// And a restart without a power cut: the page cache lives on.
	p.judge(r.fs.Kill(), exp, h, where+" that did not come: a restart", false)
	return true
}
