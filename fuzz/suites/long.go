package suites

import (
	"context"
	"fmt"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// Random histories are named by the seed and a number: "42:17".

// long is histories of up to forty steps.
func long() Suite {
	return Suite{
		Name: "long", About: "long random histories with kills, power cuts and reopens in them", Endless: true,
		begin: func(c config) source { return overSeeds(c, nil) },
	}
}

// filesystems holds the engine to the file systems that people have.
func filesystems() Suite {
	return Suite{
		Name: "filesystems", About: "the same on simulated ext4, XFS and btrfs", Endless: true,
		begin: func(c config) source {
			return overSeeds(c, []crashfs.Mode{crashfs.Ext4, crashfs.Ext4NoAutoDA, crashfs.XFS, crashfs.Btrfs})
		},
	}
}

// DrawHistory draws a long history.
func DrawHistory(t *rapid.T) []crashtest.Step[Op] {
	return rapid.SliceOfN(rapid.Custom(drawStep), 8, 40).Draw(t, "history")
}

func drawStep(t *rapid.T) crashtest.Step[Op] {
	switch rapid.IntRange(0, 19).Draw(t, "action") {
	case 17:
		return crashtest.Step[Op]{Action: crashtest.Reopen}
	case 18:
		return crashtest.Step[Op]{Action: crashtest.Kill}
	case 19:
		return crashtest.Step[Op]{Action: crashtest.Crash, Choose: losing(rapid.Uint64().Draw(t, "losses"))}
	}
	return crashtest.Step[Op]{Op: Draw(t)}
}

// losing is a crash that a seed decides. Unlike crashfs.Random it keeps nothing
// in mind, so that a history can be run again: each effect's fate hangs on the
// seed and its place alone.
func losing(seed uint64) crashfs.Chooser {
	odds := []uint64{2, 10, 1, 3}[seed%4] // one in so many is lost
	return func(i int, _ *crashfs.Effect) crashfs.Fate {
		if mix(seed+uint64(i)*0x9e3779b97f4a7c15)%odds == 0 {
			return crashfs.Lose
		}
		return crashfs.Keep
	}
}

func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// overSeeds tries random histories. Of the many moments of each only few images
// are made; there is always another history.
func overSeeds(c config, modes []crashfs.Mode) source {
	o := crashtest.Options{
		Images: c.images, Modes: modes, Deep: 20, Bound: crashfs.Bound{Exhaustive: 3, Pairs: -1, Random: 2},
	}
	s := crashtest.NewSession(System{}, o)
	return source{
		cases: func(yield func(string) bool) {
			for n := uint64(0); yield(fmt.Sprintf("%d:%d", c.seed, n)); n++ {
			}
		},
		result: s.Result,
		try: func(ctx context.Context, name string) (*crashtest.Failure, error) {
			var seed, n uint64
			var rest string
			if k, _ := fmt.Sscanf(name, "%d:%d%s", &seed, &n, &rest); k != 2 {
				return nil, fmt.Errorf("%q is no random history: it is a seed and a number, as in 42:17", name)
			}
			h := rapid.Custom(DrawHistory).Example(int(mix(mix(seed) + n)))
			f := s.History(ctx, h)
			if f != nil {
				f = shrink(ctx, h, f, o)
			}
			return f, nil
		},
	}
}

// shrink leaves out steps that the failure does not need. The order in which it
// tries is fixed, so that the same history always shrinks to the same.
func shrink(ctx context.Context, h []crashtest.Step[Op], f *crashtest.Failure, o crashtest.Options) *crashtest.Failure {
	o.Images = nil
	o.Modes = []crashfs.Mode{f.Mode}
	tries := 200
	for size := len(h) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(h) && tries > 0 && ctx.Err() == nil; tries-- {
			shorter := append(append([]crashtest.Step[Op](nil), h[:at]...), h[at+size:]...)
			r := crashtest.Run(System{}, shorter, o) // what was tried before is tried again
			if r.Failure != nil && r.Failure.Verdict == f.Verdict {
				h, f = shorter, r.Failure
			} else {
				at += size
			}
		}
	}
	return f
}
