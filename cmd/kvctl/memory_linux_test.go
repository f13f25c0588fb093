package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// bigLog makes a log of so many segments of 64 MiB, a million records and more,
// all keys different.
func bigLog(t *testing.T, dir string, segments int) (last uint64) {
	t.Helper()
	b := recoverytest.New(t, osfs.New(), dir)
	value := bytes.Repeat([]byte("v"), 200)
	n := 0
	for range segments {
		s := b.Segment()
		s.Header.Reach = 8 << 20
		s.Encode()
		for s.End() < 60<<20 {
			var body []byte
			count := uint32(0)
			for len(body) < 4<<20-4096 {
				c := record.Commit{Time: 1_700_000_000_000, Mutations: []record.Mutation{
					{Op: record.OpSet, Key: fmt.Appendf(nil, "key/%09d", n*7919%100_000_007), Value: value},
				}}
				body = record.AppendCommit(body, &c)
				count++
				n++
			}
			s.Raw(wal.FlagSynced, count, body)
		}
		s.Seal()
	}
	b.Write()
	return b.NextLSN() - 1
}

// peak runs a command, leaves its output out, and prints the most memory that it
// had: peak command args... A process inherits that number from whoever starts it,
// so it is started by this small program, not by the test.
func peak() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
	_ = cmd.Run()
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		os.Exit(99)
	}
	fmt.Println(int64(usage.Maxrss) << 10)
	os.Exit(cmd.ProcessState.ExitCode())
}

// What a command holds does not grow with the log: half of this one would be too
// much. A whole state at an LSN, which here is all of the log, may take twice that.
func TestInspectingABigLogTakesLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a log of 128 MiB")
	}
	const limit = 64 << 20
	dir := t.TempDir() + "/store"
	last := bigLog(t, dir, 2)
	size := 0
	for _, e := range must1(os.ReadDir(dir + "/wal")) {
		size += int(must1(e.Info()).Size())
	}
	t.Logf("%d records in %d MiB", last, size>>20)
	for _, args := range []string{
		"log", "log --reverse -o jsonl", "segments -o json", "history nokey",
		fmt.Sprintf("get key/000000000 --at %d", last), fmt.Sprintf("scan --at %d --keys-only", last),
		fmt.Sprintf("hexdump @%d", last-5), fmt.Sprintf("hexdump %s/wal/%s --limit 3 -o json", dir, wal.SegmentName(2)),
	} {
		cmd := exec.CommandContext(t.Context(), "peak", append([]string{"kvctl", "--dir", dir}, strings.Fields(args)...)...)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		code := cmd.ProcessState.ExitCode()
		if err != nil && !(strings.HasPrefix(args, "history") && code == 1) {
			t.Errorf("%s: exit code %d: %s", args, code, errs.String())
		}
		peak, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-40.40s %4d MiB", args, peak>>20)
		if peak > limit && !(strings.HasPrefix(args, "scan") && peak < 2*limit) {
			t.Errorf("%s: %d MiB", args, peak>>20)
		}
	}
}

func must1[T any](v T, err error) T {
	must(err)
	return v
}
