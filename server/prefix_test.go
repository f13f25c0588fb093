package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// crashStep is what a client sends as one unit: a command, or a MULTI with its
// commands and EXEC.
type crashStep [][]string

func drawStep(t *rapid.T) crashStep {
	key := func() string { return fmt.Sprint("k", rapid.IntRange(0, 3).Draw(t, "key")) }
	hash := func() string { return fmt.Sprint("h", rapid.IntRange(0, 2).Draw(t, "hash")) }
	one := func() []string {
		switch rapid.IntRange(0, 9).Draw(t, "command") {
		case 0, 1:
			return []string{"set", key(), strings.Repeat("v", rapid.IntRange(0, 700).Draw(t, "length"))}
		case 2:
			return []string{"incr", "n"}
		case 3:
			return []string{"del", key(), hash()}
		case 4, 5:
			args := []string{"hset", hash()}
			for range rapid.IntRange(1, 100).Draw(t, "fields") {
				args = append(args, fmt.Sprint("f", rapid.IntRange(0, 200).Draw(t, "field")), "value")
			}
			return args
		case 6:
			return []string{"rename", hash(), hash()}
		case 7:
			return []string{"pexpireat", hash(), "99999999999999"}
		case 8:
			return []string{"swapdb", "0", "1"}
		default:
			return []string{"copy", hash(), hash(), "replace"}
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "multi") > 0 {
		return crashStep{one()}
	}
	s := crashStep{{"multi"}}
	for range rapid.IntRange(1, 4).Draw(t, "queued") {
		s = append(s, one())
	}
	return append(s, []string{"exec"})
}

// picture is everything that a store holds, as text.
func picture(t *rapid.T, db *engine.DB) string {
	var b strings.Builder
	err := db.View(func(tx *engine.Tx) error {
		for _, name := range tx.Buckets() {
			for k, v := range tx.Bucket(name).Range(nil, nil) {
				fmt.Fprintf(&b, "%s %q %q\n", name, k, v)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// same draws the same number always, so that stores with the same contents hold the
// same bytes.
func same() uint64 { return 1 }

func openCrash(t *rapid.T, fsys vfs.FS) (*engine.DB, *Server) {
	db, err := engine.Open("/store", &engine.Options{FS: fsys, IdleMark: -1, SweepEvery: -1,
		Compaction: engine.CompactionOptions{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(db, Options{SweepEvery: -1, Rand: same})
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

// talk sends steps, pipelined, and returns how many of them, from the first on,
// were answered with anything but a failure of the log.
func talk(t *rapid.T, s *Server, steps []crashStep, chunk int) (acked int, replies []string) {
	near, far := net.Pipe()
	defer func() { _ = near.Close() }()
	done := make(chan struct{})
	go func() { defer close(done); s.ServeConn(far) }()
	go func() {
		for some := range slices.Chunk(steps, chunk) {
			var b bytes.Buffer
			for _, st := range some {
				for _, c := range st {
					b.Write(request(c...))
				}
			}
			if _, err := near.Write(b.Bytes()); err != nil {
				return
			}
		}
	}()
	rd := bufio.NewReader(near)
	failed := false
	for _, st := range steps {
		for range st {
			r, err := readReply(rd)
			if err != nil {
				t.Fatal(err)
			}
			replies = append(replies, fmt.Sprintf("%.20q: %.100s", st, r))
			failed = failed || strings.HasPrefix(r, "-MISCONF") || strings.Contains(r, "internal error")
		}
		if !failed {
			acked++
		}
	}
	_ = near.Close()
	<-done
	return acked, replies
}

// TestPrefix: after a power cut at any moment a prefix of what a client sent is
// there, MULTI whole or not at all, and in it everything that was answered.
func TestPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 25).Draw(t, "steps")

		// What the store holds after each step.
		db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(db, Options{SweepEvery: -1, Rand: same})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{picture(t, db)}
		for _, st := range steps {
			talk(t, s, []crashStep{st}, 1)
			want = append(want, picture(t, db))
		}

		fsys := crashfs.New(crashfs.Options{})
		db, s = openCrash(t, fsys)
		fsys.CrashAt(rapid.IntRange(1, 40).Draw(t, "crash at"))
		acked, replies := talk(t, s, steps, rapid.IntRange(1, 10).Draw(t, "pipeline"))
		fsys.Stop()
		_ = s.Shutdown(context.Background())
		_ = db.Close()

		db, s = openCrash(t, fsys.Crash(crashfs.Random(rapid.Uint64().Draw(t, "choice"))))
		got := picture(t, db)
		found := false
		for k := acked; k < len(want); k++ {
			found = found || got == want[k]
		}
		if !found {
			t.Fatalf("%d of %d steps were answered; the store holds\n%s\nafter them it held\n%s\n%s", acked, len(steps), got, want[acked], strings.Join(replies, "\n"))
		}
		if n, replies := talk(t, s, []crashStep{{{"set", "after", "1"}}}, 1); n != 1 {
			t.Fatalf("the store takes no writes after the crash: %v", replies)
		}
		_ = s.Shutdown(context.Background())
		_ = db.Close()
	})
}
