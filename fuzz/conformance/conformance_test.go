package conformance_test

import (
	"errors"
	"flag"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/conformance"
	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

var (
	timeFlag = flag.Duration("conformance.time", 8*time.Second, "how long each kind of file system is compared")
	seedFlag = flag.Int("conformance.seed", 0, "seed of the first script; 0 draws one and prints it")
)

var (
	files = []string{"a", "b", "d/a", "d/b"}
	dirs  = []string{"d", "e"}
	// Lengths and offsets around blocks.
	lengths = []int64{1, 100, 4096, 4196, 12288}
	offsets = []int64{0, 50, 100, 4096, 8192, 10000}
)

// op draws one operation. Kinds are weighted by how often they come: what
// needs no luck to be valid seldom, writes often.
func op() *rapid.Generator[conformance.Op] {
	return rapid.Custom(func(t *rapid.T) conformance.Op {
		file := rapid.SampledFrom(files)
		kind := rapid.SampledFrom([]conformance.Kind{
			conformance.Create, conformance.Create, conformance.Write, conformance.Write, conformance.Write,
			conformance.Write, conformance.Rename, conformance.Rename, conformance.Remove, conformance.Truncate,
			conformance.Mkdir, conformance.Fsync, conformance.Fdatasync, conformance.SyncDir,
			conformance.Settle, conformance.Flush, conformance.Start, conformance.Commit, conformance.SyncAll,
		}).Draw(t, "kind")
		o := conformance.Op{Kind: kind}
		switch kind {
		case conformance.Create, conformance.Fsync, conformance.Fdatasync:
			o.Path = file.Draw(t, "file")
		case conformance.Write, conformance.Flush, conformance.Start:
			o.Path = file.Draw(t, "file")
			o.Off = rapid.SampledFrom(offsets).Draw(t, "offset")
			o.Len = rapid.SampledFrom(lengths).Draw(t, "length")
		case conformance.Truncate:
			o.Path = file.Draw(t, "file")
			o.Off = rapid.SampledFrom(append([]int64{0}, offsets...)).Draw(t, "length")
		case conformance.Rename:
			if rapid.IntRange(0, 5).Draw(t, "what") == 0 {
				file = rapid.SampledFrom(dirs)
			}
			o.Path, o.To = file.Draw(t, "from"), file.Draw(t, "to")
		case conformance.Remove:
			o.Path = rapid.SampledFrom(append(dirs, files...)).Draw(t, "path")
		case conformance.Mkdir:
			o.Path = rapid.SampledFrom(dirs).Draw(t, "dir")
		case conformance.SyncDir:
			o.Path = rapid.SampledFrom(append([]string{"."}, dirs...)).Draw(t, "dir")
		}
		return o
	})
}

// script draws operations behind a start that makes most of them possible.
func script() *rapid.Generator[conformance.Script] {
	return rapid.Custom(func(t *rapid.T) conformance.Script {
		s := conformance.Script{{Kind: conformance.Mkdir, Path: "d"}}
		for _, f := range files {
			if rapid.Bool().Draw(t, "there") {
				s = append(s, conformance.Op{Kind: conformance.Create, Path: f})
				if n := rapid.SampledFrom([]int64{0, 100, 4096, 10000}).Draw(t, "length"); n > 0 {
					s = append(s, conformance.Op{Kind: conformance.Write, Path: f, Len: n})
				}
			}
		}
		if rapid.Bool().Draw(t, "settled") {
			s = append(s, conformance.Op{Kind: conformance.Settle})
		}
		return append(s, rapid.SliceOfN(op(), 1, 14).Draw(t, "ops")...)
	})
}

func TestEveryStateOfARealFileSystemIsLegalInTheSimulation(t *testing.T) {
	for _, k := range loopfs.Kinds() {
		t.Run(k.String(), func(t *testing.T) {
			if reason := loopfs.Available(k); reason != "" {
				t.Skip("not run: " + reason)
			}
			c, err := conformance.New(k)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			defer func() { t.Logf("%v: %v; conformance misses: %d", k, c.Counts(), c.Counts().Misses) }()
			first := seed(t)
			gen, misses := script(), 0
			for i, end := 0, time.Now().Add(length()); time.Now().Before(end); i++ {
				s := gen.Example(first + i)
				cut := k.Cuts()[i%len(k.Cuts())]
				err := c.Check(s, cut)
				var miss *conformance.Miss
				if errors.As(err, &miss) {
					t.Errorf("script %d: %v", first+i, c.Reduce(miss))
					if misses++; misses == 3 {
						return // they are mostly the same
					}
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// length is how long each kind is compared: as the flag says, or a moment under
// -short.
func length() time.Duration {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "conformance.time" })
	if testing.Short() && !given {
		return time.Second
	}
	return *timeFlag
}

// seed is the first script's; the others follow.
func seed(t *testing.T) int {
	s := *seedFlag
	if s == 0 {
		s = int(time.Now().UnixNano() % 1_000_000_000)
	}
	t.Logf("seed %d (repeat with -conformance.seed %d)", s, s)
	return s
}
