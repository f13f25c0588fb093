package kernel_test

import (
	"flag"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/kernel"
)

// childEnv makes this test binary the process that is killed.
const childEnv = "REDIS_LITE_KERNEL_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(kernel.Child(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// child is the command of such a process.
func child() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}

var (
	seedFlag = flag.Uint64("kernel.seed", 0, "seed of the workloads; 0 draws one and prints it")
	timeFlag = flag.Duration("kernel.time", 3*time.Second, "how long each suite runs")
)

// length is how long a suite runs: as the flag says, or a moment under -short.
func length() time.Duration {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "kernel.time" })
	if testing.Short() && !given {
		return 500 * time.Millisecond
	}
	return *timeFlag
}

// seed is the one that was asked for, or a fresh one.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := *seedFlag
	if s == 0 {
		s = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	t.Logf("seed %d (repeat with -kernel.seed %s)", s, strconv.FormatUint(s, 10))
	return s
}
