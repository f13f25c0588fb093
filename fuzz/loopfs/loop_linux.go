package loopfs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// disk is a loop device over a memfd.
type disk struct {
	path string // /dev/loopN
	dev  uint64 // its device number: st_dev of what is mounted from it
	loop int    // descriptor of the device; closing it frees the device
}

// newDisk makes a file system in memory and a block device of it.
func newDisk(s spec) (*disk, error) {
	mem, err := unix.MemfdCreate("loopfs-"+s.fstype, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(mem), "memfd")
	defer file.Close() // the loop device keeps it alive
	if err := file.Truncate(s.size); err != nil {
		return nil, err
	}
	program, err := lookPath(s.mkfs[0])
	if err != nil {
		return nil, err
	}
	mkfs := exec.Command(program, append(s.mkfs[1:len(s.mkfs):len(s.mkfs)], "/proc/self/fd/3")...)
	mkfs.ExtraFiles = []*os.File{file}
	if out, err := mkfs.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", s.mkfs[0], err, out)
	}
	return attach(file)
}

// lookPath finds a program of the administrator's, which an ordinary PATH may
// not lead to.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if err == nil {
			break
		}
		path, err = exec.LookPath(dir + "/" + name)
	}
	return path, err
}

// attach binds a free loop device to the file. Somebody may take the device
// that was free a moment ago, hence the loop.
func attach(file *os.File) (*disk, error) {
	control, err := unix.Open("/dev/loop-control", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/loop-control: %w", err)
	}
	defer unix.Close(control)
	for range 64 {
		n, err := unix.IoctlRetInt(control, unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("LOOP_CTL_GET_FREE: %w", err)
		}
		path := fmt.Sprintf("/dev/loop%d", n)
		loop, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		config := unix.LoopConfig{
			Fd:   uint32(file.Fd()),
			Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR},
		}
		err = unix.IoctlLoopConfigure(loop, &config)
		if err == nil {
			var st unix.Stat_t
			if err = unix.Fstat(loop, &st); err == nil {
				return &disk{path: path, dev: st.Rdev, loop: loop}, nil
			}
		}
		unix.Close(loop)
		if !errors.Is(err, unix.EBUSY) {
			return nil, fmt.Errorf("%s: LOOP_CONFIGURE: %w", path, err)
		}
	}
	return nil, errors.New("no free loop device")
}

// limit shortens the device to n bytes, or gives it back its length for 0. The
// kernel stops its queue meanwhile: a write is before the change or after it,
// and one that lies behind the end fails.
func (d *disk) limit(n uint64) error {
	info, err := unix.IoctlLoopGetStatus64(d.loop)
	if err != nil {
		return fmt.Errorf("%s: LOOP_GET_STATUS64: %w", d.path, err)
	}
	info.Sizelimit = n
	if err := unix.IoctlLoopSetStatus64(d.loop, info); err != nil {
		return fmt.Errorf("%s: LOOP_SET_STATUS64: %w", d.path, err)
	}
	return nil
}

func (d *disk) close() { unix.Close(d.loop) }
