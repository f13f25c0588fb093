//go:build linux

package loopfs_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// holdEnv makes this test binary mount a file system and wait to be killed.
const holdEnv = "LOOPFS_TEST_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(holdEnv) != "" {
		if err := hold(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func hold() error {
	f, err := loopfs.New(loopfs.Ext4)
	if err != nil {
		return err
	}
	info, err := os.Stat(f.Dir())
	if err != nil {
		return err
	}
	fmt.Println("minor", info.Sys().(*syscall.Stat_t).Dev&0xff)
	bufio.NewReader(os.Stdin).ReadByte()
	return nil
}

func TestNothingIsLeftOfAProcessThatWasKilled(t *testing.T) {
	if reason := loopfs.Available(loopfs.Ext4); reason != "" {
		t.Skip("not run: " + reason)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), holdEnv+"=1")
	child.Stderr = os.Stderr
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	minor, ok := strings.CutPrefix(strings.TrimSpace(line), "minor ")
	if _, bad := strconv.Atoi(minor); err != nil || !ok || bad != nil {
		t.Fatalf("child said %q, %v", line, err)
	}
	backing := filepath.Join("/sys/block/loop"+minor, "loop/backing_file")
	if b, err := os.ReadFile(backing); !strings.Contains(string(b), "loopfs-ext4") {
		t.Errorf("while the child lives: %s holds %q, %v", backing, b, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	if b, err := os.ReadFile(backing); err == nil {
		t.Errorf("after the child was killed the loop device still holds %s", b)
	}
}
