package suites

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// Every history of up to three operations (two with -short), crashed before
// every call that can change the disk.
func TestShortHistories(t *testing.T) {
	length := 3
	if testing.Short() {
		length = 2
	}
	crashtest.Exhaust(t, System{}, Alphabet(), length, crashtest.Options{
		Bound: crashfs.Bound{Exhaustive: 10, Pairs: 16, Random: 16},
	})
}

// Long random histories, with power cuts, kills and reopens among their steps.
func TestLongHistories(t *testing.T) {
	for _, atom := range []int{512, 4096} {
		t.Run(fmt.Sprintf("atom=%d", atom), func(t *testing.T) {
			crashtest.Check(t, System{}, Draw, crashtest.Options{Atom: atom})
		})
	}
}

// Snapshot upon snapshot, until the log that the first ones covered is gone: now
// everything hangs on the images.
func TestCompactions(t *testing.T) {
	h := crashtest.Ops(
		Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact}, Op{Kind: Set, Key: "b", Value: "2"}, Op{Kind: Compact},
		Op{Kind: Tx, Key: "c", Value: "3", Other: "a"}, Op{Kind: Compact}, Op{Kind: Set, Key: "d", Value: "4"},
	)
	r := crashtest.Run(System{}, h, crashtest.Options{Bound: crashfs.Bound{Exhaustive: 10, Pairs: 16, Random: 16}})
	t.Log(r)
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
}

// In a lazy mode the second and third frame reach the disk and the first does
// not. What is cut off then must not come to life again behind a new frame that
// happens to be as long as the first.
func TestStaleFramesStayDead(t *testing.T) {
	value := func(s string) Op { return Op{Kind: Set, Key: "a", Value: strings.Repeat(s, 600)} }
	h := crashtest.Ops(value("1"), value("2"), value("3"))
	h = append(h, crashtest.Step[Op]{Action: crashtest.Crash, Choose: func(_ int, e *crashfs.Effect) crashfs.Fate {
		if e.Kind == crashfs.Data && strings.HasSuffix(e.Name, ".wal") && e.Off == 4096 {
			return crashfs.Lose
		}
		return crashfs.Keep
	}})
	h = append(h, crashtest.Ops(value("4"))...)
	h = append(h, crashtest.Step[Op]{Action: crashtest.Kill})
	h = append(h, crashtest.Ops(value("5"))...)
	r := crashtest.Run(System{Durability: engine.Never}, h, crashtest.Options{Bound: crashfs.Bound{Exhaustive: 8, Pairs: 12, Random: 12}})
	t.Log(r)
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
}

// Bytes that survive or are lost one by one, as on a disk that promises nothing
// about sectors.
func TestShortHistoriesByteByByte(t *testing.T) {
	crashtest.Exhaust(t, System{}, Alphabet()[:9], 1, crashtest.Options{
		Atom: 1, Bound: crashfs.Bound{Exhaustive: 8, Pairs: 1, Random: 40}, Deep: 50,
	})
}

func FuzzHistories(f *testing.F) { crashtest.Fuzz(f, System{}, Draw, crashtest.Options{}) }

// Each disk fault, at every call of a history that compacts and rotates.
func TestFaults(t *testing.T) {
	h := crashtest.Ops(
		Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact},
		Op{Kind: Tx, Key: "b", Value: "2", Other: "a"}, Op{Kind: Rotate, Key: "a", Value: strings.Repeat("3", rotateSize)},
		Op{Kind: Set, Key: "c", Value: "4"}, Op{Kind: Compact}, Op{Kind: Set, Key: "d", Value: "5"},
	)
	h = append(h, crashtest.Step[Op]{Action: crashtest.Reopen}, crashtest.Step[Op]{Op: Op{Kind: Set, Key: "e", Value: "6"}})
	crashtest.Faults(t, System{}, h, crashtest.CommonFaults(), crashtest.Options{
		Bound: crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 8}, Deep: 50,
	})
}

// Every byte of every file damaged, each sector wiped or overwritten by its
// neighbour. Wiping the last frame together with the MARK that proves it looks
// like a clean end: the one operation that may go.
func TestRot(t *testing.T) {
	h := crashtest.Ops(
		Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact},
		Op{Kind: Tx, Key: "b", Value: "2", Other: "a"}, Op{Kind: Compact},
		Op{Kind: Set, Key: "c", Value: strings.Repeat("3", 600)}, Op{Kind: Set, Key: "c", Value: strings.Repeat("4", 600)},
		Op{Kind: Set, Key: "d", Value: "5"},
	)
	crashtest.Rot(t, System{}, h, crashtest.Options{MayRefuse: true, MayLose: 1})
}

// The newest snapshot rots, at any byte: the older one and the log behind it
// hold everything.
func TestOneRottenSnapshot(t *testing.T) {
	fsys := crashfs.New(crashfs.Options{})
	s, err := System{}.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	want := crashtest.State{}
	for _, o := range []Op{
		{Kind: Set, Key: "a", Value: "1"}, {Kind: Compact}, {Kind: Set, Key: "b", Value: "2"}, {Kind: Compact},
		{Kind: Set, Key: "c", Value: "3"}, {Kind: Compact}, {Kind: Set, Key: "d", Value: "4"},
	} {
		if err := s.Do(o); err != nil {
			t.Fatal(err)
		}
		apply(want, o)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	at := fsys.Crash(crashfs.KeepAll).Point()
	const newest = "0000000000000003.snap"
	for off := int64(0); ; off++ {
		img := at.Crash(crashfs.KeepAll)
		if !flip(t, img, path.Join(Dir, "snap", newest), off) {
			break
		}
		s, err := System{}.Open(img)
		if err != nil {
			t.Fatalf("%v: byte %d of the newest snapshot flipped: %v", crashtest.RecoveryFailed, off, err)
		}
		got, err := s.Dump()
		if err != nil || !got.Equal(want) {
			t.Fatalf("%v: byte %d of the newest snapshot flipped: %v, %v; want %v", crashtest.Lost, off, got, err, want)
		}
		img.Stop()
		_ = s.Close()
	}
}

// flip inverts a byte, unless the file ends before it.
func flip(t *testing.T, fsys vfs.FS, name string, off int64) bool {
	t.Helper()
	f, err := fsys.OpenWrite(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size, err := f.Size(); err != nil || off >= size {
		return false
	}
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	return true
}

// At every call of a history, what readers see then is there after a power cut
// at that very moment, whatever is lost.
func TestWhatReadersSeeIsDurable(t *testing.T) {
	fsys := crashfs.New(crashfs.Options{})
	s, err := System{}.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	fsys.SetHook(func(c *crashfs.Call) {
		if c.Op&crashfs.OpChanges == 0 {
			return
		}
		seen, err := s.Dump()
		if err != nil {
			t.Fatal(err)
		}
		img := fsys.Point().Crash(crashfs.LoseAll)
		after, err := System{}.Open(img)
		if err != nil {
			t.Fatalf("%v: %v", crashtest.RecoveryFailed, err)
		}
		found, err := after.Dump()
		if err != nil {
			t.Fatal(err)
		}
		// Counters only grow in this history: less than was seen is lost.
		for k, v := range seen {
			a, _ := strconv.Atoi(found[k])
			if b, _ := strconv.Atoi(v); a < b {
				t.Fatalf("%v: a reader saw %s=%s before step %d; after the power cut it is %q", crashtest.Lost, k, v, c.Step, found[k])
			}
		}
		img.Stop()
		_ = after.Close()
	})
	for i := range 30 {
		o := Op{Kind: Set, Key: string(rune('a' + i%3)), Value: strconv.Itoa(i)}
		if i%10 == 9 {
			o = Op{Kind: Compact}
		}
		if err := s.Do(o); err != nil {
			t.Fatal(err)
		}
	}
	fsys.SetHook(nil)
	_ = s.Close()
}

// Clients side by side, in an order that a seed decides.
func TestConcurrentClients(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	clients := [][]Op{
		{{Kind: Set, Key: "a", Value: "1"}, {Kind: Set, Key: "a", Value: "2"}, {Kind: Set, Key: "a", Value: "3"}},
		{{Kind: Tx, Key: "b", Value: "4", Other: "a"}, {Kind: Compact}},
		{{Kind: Set, Key: "c", Value: "5"}, {Kind: Delete, Key: "b"}},
	}
	crashtest.Schedule(t, System{}, clients, seeds, crashtest.Options{
		Bound: crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 8},
	})
}

// The lazier modes may lose the end, never the middle, and never show damage.
func TestLazyModes(t *testing.T) {
	for _, d := range []engine.Durability{engine.Never, engine.Interval(1 << 40)} {
		t.Run(d.String(), func(t *testing.T) {
			crashtest.Exhaust(t, System{Durability: d}, Alphabet(), 2, crashtest.Options{
				Bound: crashfs.Bound{Exhaustive: 8, Pairs: 12, Random: 12},
			})
		})
	}
}
