package hardcases_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs"
)

// TestMain lets the test binary be its own second process: with HARDCASES_HOLD
// set it opens that store, says so, and holds it until its input ends.
func TestMain(m *testing.M) {
	dir := os.Getenv("HARDCASES_HOLD")
	if dir == "" {
		os.Exit(m.Run())
	}
	db, err := engine.Open(dir, nil)
	if err == nil {
		err = db.Set(ctx, []byte("holder"), []byte(strconv.Itoa(os.Getpid())))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
	db.Close()
}

// hold starts a process that has the store open.
func hold(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "HARDCASES_HOLD="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return cmd
}

// wantLocked checks that the store cannot be opened, and who has it.
func wantLocked(t *testing.T, dir string, pid int) {
	t.Helper()
	db, err := engine.Open(dir, nil)
	if err == nil {
		_ = db.Close()
		t.Fatalf("%s was opened twice", dir)
	}
	var locked *engine.LockedError
	if !errors.Is(err, engine.ErrLocked) || !errors.As(err, &locked) || locked.PID != pid {
		t.Fatalf("got %v, want a lock of process %d", err, pid)
	}
	if pid != 0 && !strings.Contains(err.Error(), strconv.Itoa(pid)) {
		t.Errorf("%v does not name process %d", err, pid)
	}
}

// openReal opens a store on the real file system.
func openReal(t *testing.T, dir string, change ...option) *engine.DB {
	t.Helper()
	o := &engine.Options{IdleMark: -1}
	for _, c := range change {
		c(o)
	}
	db, err := engine.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// One writer at a time, whoever he is: another process, another goroutine of this
// one, through another path; a lock file that was removed or replaced, that names
// nobody, that a dead process left, that cannot be made.
//
// Guards: the lock comes before anything is read or written; the process's own
// list of locks; the lock on the directory beside the one on the file.
func TestHardCase16_OneWriter(t *testing.T) {
	t.Run("two processes", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "store")
		holder := hold(t, dir)
		wantLocked(t, dir, holder.Process.Pid)
		// Readers need no lock.
		ro := openReal(t, dir, readOnly)
		if err := ro.Set(ctx, []byte("k"), nil); !errors.Is(err, engine.ErrReadOnly) {
			t.Errorf("a reader wrote: %v", err)
		}
		// A killed process leaves its lock file behind, with its number, and no lock.
		if err := holder.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = holder.Wait()
		if text, err := os.ReadFile(filepath.Join(dir, "LOCK")); strings.TrimSpace(string(text)) != strconv.Itoa(holder.Process.Pid) {
			t.Errorf("LOCK holds %q, %v", text, err)
		}
		db := openReal(t, dir)
		wantKeys(t, db, keys{"holder": strconv.Itoa(holder.Process.Pid)})
		wantLocked(t, dir, os.Getpid())
	})

	t.Run("two opens in one process", func(t *testing.T) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "store")
		db := openReal(t, dir)
		put(t, db, "a", "1")
		wantLocked(t, dir, os.Getpid())
		link := filepath.Join(parent, "link")
		if err := os.Symlink(dir, link); err == nil {
			wantLocked(t, link, os.Getpid())
		}
		wantLocked(t, filepath.Join(parent, "x", "..", "store"), os.Getpid())
		// The failed ones took nothing away from the first.
		put(t, db, "b", "2")
		wantLocked(t, dir, os.Getpid())
		closeDB(t, db)
		db = openReal(t, dir)
		wantKeys(t, db, keys{"a": "1", "b": "2"})
	})

	// Somebody "gets rid of the lock". A new file locks well; the directory is
	// still the same.
	for name, change := range map[string]func(t *testing.T, lock string){
		"removed": func(t *testing.T, lock string) {
			if err := os.Remove(lock); err != nil {
				t.Fatal(err)
			}
		},
		"replaced": func(t *testing.T, lock string) {
			if err := os.WriteFile(lock+".new", []byte("12345\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(lock+".new", lock); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run("the lock file "+name, func(t *testing.T) {
			if !locksDirectories {
				t.Skip("this system does not lock directories")
			}
			dir := filepath.Join(t.TempDir(), "store")
			holder := hold(t, dir)
			change(t, filepath.Join(dir, "LOCK"))
			db, err := engine.Open(dir, nil)
			if err == nil {
				_ = db.Close()
				t.Fatal("there are two writers")
			}
			if !errors.Is(err, engine.ErrLocked) {
				t.Fatal(err)
			}
			_ = holder.Process.Kill()
			_ = holder.Wait()
			db = openReal(t, dir)
			wantKeys(t, db, keys{"holder": strconv.Itoa(holder.Process.Pid)})
			// The same within one process.
			change(t, filepath.Join(dir, "LOCK"))
			wantLocked(t, dir, os.Getpid())
		})
	}

	// The file says nothing, or nonsense: the lock counts all the same, and the
	// error invents no holder.
	for name, text := range map[string]string{"no process ID": "", "nonsense": "not a number\n", "a process ID of -1": "-1\n"} {
		t.Run("a lock file with "+name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			holder := hold(t, dir)
			if err := os.WriteFile(filepath.Join(dir, "LOCK"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			wantLocked(t, dir, 0)
			_ = holder.Process.Kill()
			_ = holder.Wait()
			openReal(t, dir)
		})
	}

	// A number in a file is no lock: the process of that number may be anybody.
	t.Run("left behind with the number of a living process", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "store")
		db := openReal(t, dir)
		put(t, db, "a", "1")
		closeDB(t, db)
		if err := os.WriteFile(filepath.Join(dir, "LOCK"), []byte(strconv.Itoa(os.Getppid())+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, openReal(t, dir), keys{"a": "1"})
	})

	// The simulated disk locks too: what fails there fails before anything is
	// touched.
	t.Run("nothing is touched", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		steps := fsys.Steps()
		err := refused(t, fsys)
		if !errors.Is(err, vfs.ErrLocked) {
			t.Fatal(err)
		}
		for _, c := range fsys.Trace() {
			if c.Step > steps && !strings.HasPrefix(c.String(), "lock ") && !strings.HasPrefix(c.String(), "syncdir ") {
				t.Errorf("a refused open made the call %v", &c)
			}
		}
		put(t, db, "b", "2")
		wantKeys(t, db, keys{"a": "1", "b": "2"})
	})
}
