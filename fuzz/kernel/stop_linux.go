package kernel

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// stop stops a process and returns when none of its threads is in a system call
// any more: one that was under way has returned, and what follows it will not
// happen before the process is killed.
func stop(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	for !stopped(pid) {
		time.Sleep(20 * time.Microsecond)
	}
	return nil
}

func stopped(pid int) bool {
	tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "stat"))
	for _, name := range tasks {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has just ended
		}
		// The state follows the name, which is in brackets and may hold any.
		_, rest, _ := bytes.Cut(b[bytes.LastIndexByte(b, ')')+1:], []byte(" "))
		if len(rest) > 0 && rest[0] != 'T' && rest[0] != 'Z' && rest[0] != 'X' {
			return false
		}
	}
	return true
}
