package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// Disaster is what ends a round.
type Disaster struct {
	// Name is how it is called in reports.
	Name string
	// Strike makes it happen; kill ends the child as kill -9 does.
	Strike func(kill func()) error
	// After, when not nil, is called when the child has ended: to mount again.
	After func() error
	// PowerCut says that what only the operating system had is lost.
	PowerCut bool
}

// KillNine is kill -9 of the process: what it wrote, it wrote, synced or not.
func KillNine() Disaster {
	return Disaster{Name: "kill -9", Strike: func(kill func()) error { kill(); return nil }}
}

// Options say what Run puts a store through.
type Options struct {
	// Dir says where the store is; it is asked anew in every round.
	Dir func() string
	// Command makes the command of a process that calls Child with its standard
	// input and output.
	Command func() *exec.Cmd
	// Config is the workload; each round runs a variation of it.
	Config Config
	// Disasters are drawn from, one a round.
	Disasters []Disaster
	// Rounds and Time bound the run; zero is no bound. A context does too. However
	// slow the machine is, Time does not end it before anything was acknowledged:
	// such a run would say nothing.
	Rounds uint64
	Time   time.Duration
	// Life is the longest that a child lives before disaster strikes. Default 60 ms.
	Life time.Duration
	// Scratch is a directory for copies of the store, on an ordinary disk.
	Scratch string
	// OnRound, when not nil, is told of each round that went well.
	OnRound func(Report)
}

// Report counts what was done so far.
type Report struct {
	Rounds       uint64            // disasters survived
	By           map[string]uint64 // rounds by disaster
	Begun        uint64            // transactions that may have reached the disk
	Acked        uint64            // of these, acknowledged
	Vanished     uint64            // begun, not acknowledged, and not recovered
	Kept         uint64            // begun, not acknowledged, and recovered
	Early        uint64            // disasters that struck before the child had opened the store
	Compactions  uint64
	TornTails    uint64 // recoveries that cut something off
	LoggedErrors uint64 // errors that children met when their disk was gone
}

func (r Report) String() string {
	var by []string
	for name, n := range r.By {
		by = append(by, fmt.Sprintf("%d by %s", n, name))
	}
	return fmt.Sprintf("%d rounds (%s; %d before the store was open), %d transactions acknowledged, "+
		"of those under way %d recovered and %d not, %d torn tails, %d compactions",
		r.Rounds, strings.Join(by, ", "), r.Early, r.Acked, r.Kept, r.Vanished, r.TornTails, r.Compactions)
}

// Run puts one store through round after round: a child opens it and writes, a
// disaster ends that, the store is opened and compared with what the child had
// said. The first round that goes wrong ends the run with a *Failure; a machine
// that does not let the store work ends it with a *MachineError.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Life == 0 {
		o.Life = 60 * time.Millisecond
	}
	s := &run{Options: o, history: newHistory(&o.Config)}
	s.report.By = map[string]uint64{}
	timed := ctx
	if o.Time > 0 {
		var cancel context.CancelFunc
		timed, cancel = context.WithTimeout(ctx, o.Time)
		defer cancel()
	}
	more := func() bool { return timed.Err() == nil || s.report.Acked == 0 && ctx.Err() == nil }
	for round := uint64(1); (o.Rounds == 0 || round <= o.Rounds) && more(); round++ {
		if err := s.round(round); err != nil {
			return s.report, err
		}
		if o.OnRound != nil {
			o.OnRound(s.report)
		}
	}
	return s.report, nil
}

// run is a store and what is known of it.
type run struct {
	Options
	history *history
	report  Report
}

// patience is how long a child may take to notice that its disk is gone.
const patience = 20 * time.Second

// round is one life of the store.
func (s *run) round(round uint64) error {
	c := s.Config.Vary(round)
	c.Dir = filepath.Join(s.Dir(), "store")
	random := rand.New(rand.NewPCG(c.Seed, round^0x73747269))
	d := s.Disasters[random.IntN(len(s.Disasters))]

	fail := func(v Verdict, format string, args ...any) error {
		return &Failure{Verdict: v, Detail: fmt.Sprintf(format, args...), After: d.Name, Seed: c.Seed, Round: round, Config: c}
	}
	p, err := start(s.Command(), &c)
	if err != nil {
		return err
	}
	ended := p.listen(s.moment(random))
	struck := time.Now()
	if err := d.Strike(p.kill); err != nil {
		p.kill()
		p.end(patience)
		return err
	}
	_, hung, err := p.end(patience)
	if err != nil {
		return err
	}
	if d.After != nil {
		if err := d.After(); err != nil {
			return err
		}
	}
	h := &p.heard
	switch {
	case hung:
		return fail(Hang, "after %s the child went on for %v", d.Name, patience)
	case h.refused != nil && !d.PowerCut:
		return h.refused // what the store shows now may be less than there is
	case ended && !d.PowerCut:
		return fail(Unexpected, "the child ended by itself: %q", h.errors)
	case len(h.errors) > 0 && !d.PowerCut:
		return fail(Unexpected, "the child met errors on a healthy disk: %q", h.errors)
	}
	for _, e := range h.errors {
		if strings.HasPrefix(e, kindOther) {
			return fail(Untyped, "%s", e)
		}
	}

	// After a cut only what the child had said before it counts for durable.
	sure := h
	if d.PowerCut {
		sure = p.before(struck)
	}
	possible, v, detail := s.outlook(round, h, sure)
	if v != "" {
		return fail(v, "%s", detail)
	}
	got, err := s.verify(&c, possible, random, fail)
	if err != nil {
		return err
	}
	if d.PowerCut {
		// What is on the disk now is all that there is, and it is on the disk.
		s.history.served(got.pos)
	}
	if got.pos.N < h.acked && !d.PowerCut {
		return fail(Lost, "transaction %d was acknowledged, the store holds %v", h.acked, got.pos)
	}
	s.count(d, h, got)
	return nil
}

// outlook is what may be found after the round: one history, or two when it is
// not known whether the child's recovery or the cut came first.
func (s *run) outlook(round uint64, h, sure *heard) (possible []*history, v Verdict, detail string) {
	for i, pos := range sure.opened {
		if i > 0 { // reopened in order: all of what it had done is there
			s.history.heard(round, pos.N)
		}
		// What recovery shows to users is as good as durable, and must have
		// been legal then.
		if v, detail := s.history.served(pos); v != "" {
			return nil, v, fmt.Sprintf("when the child opened the store (open %d): %s", i+1, detail)
		}
	}
	possible = []*history{s.history}
	if len(sure.opened) == 0 && len(h.opened) > 0 {
		late := s.history.clone()
		if v, detail := late.served(h.opened[0]); v != "" {
			return nil, v, "when the child opened the store, during the cut: " + detail
		}
		late.heard(round, h.begun)
		return append(possible, late), "", ""
	}
	s.history.heard(round, h.begun)
	s.history.durable(sure.synced)
	return possible, "", ""
}

// moment is when the disaster strikes: some time after some acknowledgements,
// so that openings, first commits and later ones all get their share.
func (s *run) moment(r *rand.Rand) (acks uint64, after time.Duration) {
	if r.IntN(2) == 0 {
		acks = r.Uint64N(30)
	}
	life := s.Life
	if r.IntN(2) == 0 {
		life /= 10
	}
	return acks, time.Duration(r.Int64N(int64(life)))
}

// verify opens the store, or, every other time, a copy of it, so that the next
// child meets what the disaster left, and compares. A copy is opened twice:
// recovery changes nothing that it had not already settled. The history that
// it fits becomes the store's.
func (s *run) verify(c *Config, possible []*history, random *rand.Rand, fail func(Verdict, string, ...any) error) (*model, error) {
	dir, times := c.Dir, 1
	inPlace := random.IntN(2) == 0
	if !inPlace {
		var err error
		if dir, err = os.MkdirTemp(s.Scratch, "copy"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		dir, times = filepath.Join(dir, "store"), 2
		if err := copyTree(dir, c.Dir); err != nil {
			return nil, err
		}
	}
	var first *model
	for i := range times {
		got, err := s.open(dir, c)
		if refusal := refused(fmt.Sprintf("open %d", i+1), err); refusal != nil {
			return nil, refusal
		}
		if err != nil {
			return nil, fail(RecoveryFailed, "open %d: %v", i+1, err)
		}
		var v Verdict
		var detail string
		for _, h := range slices.Backward(possible) {
			if v, detail = h.check(got); v == "" {
				s.history = h
				break
			}
		}
		if v != "" {
			return nil, fail(v, "open %d: %s", i+1, detail)
		}
		if first == nil {
			first = got
		} else if got.pos != first.pos {
			return nil, fail(Hole, "recovered %v at first, then %v", first.pos, got.pos)
		}
	}
	if inPlace {
		if v, detail := s.history.served(first.pos); v != "" {
			return nil, fail(v, "%s", detail)
		}
	}
	return first, nil
}

// open opens the store, reads all of it, and closes it.
func (s *run) open(dir string, c *Config) (*model, error) {
	db, err := engine.Open(dir, c.options())
	if err != nil {
		return nil, err
	}
	m, err := dump(db)
	if r := db.RecoveryReport(); r != nil {
		if r.Cut != nil {
			s.report.TornTails++
		}
		err = errors.Join(err, r.ReadOnlyReason) // it shows less than there is
	}
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	return m, err
}

func (s *run) count(d Disaster, h *heard, got *model) {
	r := &s.report
	r.Rounds++
	r.By[d.Name]++
	r.Acked += h.acks
	r.Compactions += uint64(h.compacts)
	r.TornTails += uint64(h.torn)
	r.LoggedErrors += uint64(len(h.errors))
	if len(h.opened) == 0 {
		r.Early++
		return
	}
	r.Begun += h.begun - min(h.begun, h.opened[0].N)
	if h.begun > got.pos.N {
		r.Vanished += h.begun - max(got.pos.N, h.acked)
	}
	if got.pos.N > h.acked {
		r.Kept += got.pos.N - max(h.acked, h.opened[0].N)
	}
}

// copyTree copies a store: directories and plain files.
func copyTree(dst, src string) error {
	return filepath.WalkDir(src, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) && path == src {
				return nil // the disaster struck before there was a store
			}
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		if e.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		from, err := os.Open(path)
		if err != nil {
			return err
		}
		defer from.Close()
		f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, from)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		return err
	})
}
