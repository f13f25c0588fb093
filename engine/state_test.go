package engine_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// TestStateMachine holds the engine against the model through random histories
// of writes, transactions, expiry, snapshots, compaction, clean reopens, kills,
// power cuts at any step with any legal loss, and I/O that fails.
func TestStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		defer m.close()
		t.Repeat(map[string]func(*rapid.T){
			"":             m.check,
			"set":          m.set,
			"delete":       m.delete,
			"delete range": m.deleteRange,
			"transaction":  m.transaction,
			"compare":      m.compareAndSwap,
			"clock":        m.clock,
			"sweep":        m.sweep,
			"view":         m.toggleView,
			"compact":      m.compact,
			"reopen":       m.reopen,
			"kill":         m.kill,
			"power cut":    m.powerCut,
			"failing disk": m.failingDisk,
		})
	})
}

// crashMachine is a machine over a disk that can be taken away.
type crashMachine struct {
	machine
	fs *crashfs.FS
}

const storeDir = "/data/store"

func newMachine(t *rapid.T) *crashMachine {
	m := &crashMachine{machine: machine{now: 1_000_000, want: model{}}}
	atom := rapid.SampledFrom([]int{512, 4096, 1}).Draw(t, "atom")
	m.fs = crashfs.New(crashfs.Options{Mode: crashfs.Worst, Atom: atom})
	m.open(t)
	return m
}

// options are small sizes, so that short histories rotate and fill, and no
// background work, so that they repeat.
func (m *crashMachine) options() *engine.Options {
	seed := uint64(len(m.want)) + 7
	return &engine.Options{
		FS:          m.fs,
		Clock:       func() time.Time { return time.UnixMilli(m.now) },
		Rand:        func() uint64 { seed = seed*6364136223846793005 + 1442695040888963407; return seed },
		SegmentSize: 16 << 10,
		FillStep:    4 << 10,
		IdleMark:    -1,
		SweepEvery:  -1,
		Compaction:  engine.CompactionOptions{Disabled: true},
		MaxKeySize:  64,
	}
}

func (m *crashMachine) open(t *rapid.T) {
	db, err := engine.Open(storeDir, m.options())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	m.db = db
}

func (m *crashMachine) reopen(t *rapid.T) {
	m.close()
	m.open(t)
	m.settle(t)
}

func (m *crashMachine) kill(t *rapid.T) {
	m.restart(t, m.fs.Kill())
}

// powerCut arms a crash some steps ahead, works until it happens, loses what
// the chooser says, and then sometimes cuts the recovery short as well.
func (m *crashMachine) powerCut(t *rapid.T) {
	m.fs.CrashAt(rapid.IntRange(1, 40).Draw(t, "steps until the cut"))
	for i := 0; !m.fs.Crashed() && i < 60; i++ {
		switch rapid.IntRange(0, 5).Draw(t, "work") {
		case 0:
			_ = m.tryCompact()
		case 1:
			if !m.broken {
				m.transaction(t)
			}
		default:
			m.set(t)
		}
	}
	m.fs.Stop()
	for i := rapid.IntRange(0, 2).Draw(t, "cuts during recovery"); i > 0; i-- {
		m.loseSome(t)
		m.fs.CrashAt(rapid.IntRange(1, 30).Draw(t, "steps of recovery"))
		if db, err := engine.Open(storeDir, m.options()); err == nil {
			_ = db.Close()
		}
		m.fs.Stop()
	}
	m.loseSome(t)
	m.open(t)
	m.settle(t)
}

// loseSome replaces the file system with what a crash leaves of it.
func (m *crashMachine) loseSome(t *rapid.T) {
	m.close()
	m.db = nil
	style := rapid.SampledFrom([]string{"each", "all kept", "all lost"}).Draw(t, "loss")
	m.fs = m.fs.Crash(func(i int, _ *crashfs.Effect) crashfs.Fate {
		switch {
		case style == "all lost":
			return crashfs.Lose
		case style == "each" && rapid.Bool().Draw(t, fmt.Sprintf("lose effect %d", i)):
			return crashfs.Lose
		}
		return crashfs.Keep
	})
}

func (m *crashMachine) restart(t *rapid.T, fs *crashfs.FS) {
	m.close()
	m.fs = fs
	m.open(t)
	m.settle(t)
}

// failingDisk makes one call fail and works until it does, or until nothing
// came of it. Reads must go on as if nothing had happened, writes must not.
func (m *crashMachine) failingDisk(t *rapid.T) {
	if m.broken {
		return
	}
	fault := crashfs.Fault{
		On: rapid.SampledFrom([]crashfs.Op{
			crashfs.OpSyncs, crashfs.OpWrites, crashfs.OpWrites | crashfs.OpSyncs,
		}).Draw(t, "calls"),
		Nth:   rapid.IntRange(1, 12).Draw(t, "nth"),
		Short: int64(rapid.SampledFrom([]int{0, 1, 100}).Draw(t, "short")),
	}
	fault.Do = rapid.SampledFrom([]crashfs.Action{crashfs.Default, crashfs.FailAfter, crashfs.SyncReverted}).Draw(t, "fault")
	if fault.Do == crashfs.SyncReverted {
		fault.On = crashfs.OpSync | crashfs.OpDataSync
	}
	in := m.fs.Inject(fault)
	for i := 0; in.Fired() == 0 && i < 20; i++ {
		if rapid.IntRange(0, 4).Draw(t, "work") == 0 {
			_ = m.tryCompact()
		} else {
			m.set(t)
		}
	}
	in.Remove()
	m.check(t)
}

// settle resolves an unknown outcome after an open. It looks with the clock at
// the beginning of time, when nothing has expired yet: else two outcomes could
// look the same now and differ later.
func (m *crashMachine) settle(t *rapid.T) {
	now := m.now
	m.now = 0
	defer func() { m.now = now }()
	got := dumpDB(t, m.db)
	if m.broken && got == m.maybe.dump(m.now) {
		m.want = m.maybe
	}
	m.broken, m.maybe = false, nil
	if want := m.want.dump(m.now); got != want {
		t.Fatalf("after a reopen readers see\n%swant\n%s", got, want)
	}
}
