package loopfs

import "fmt"

// Kind is a file system and the options that it is mounted with.
type Kind uint8

// The kinds.
const (
	Ext4         Kind = iota // the defaults: data=ordered, auto_da_alloc
	Ext4NoAutoDA             // ext4 with noauto_da_alloc
	XFS
	Btrfs
	kinds
)

// spec is what mounting a kind takes.
type spec struct {
	name    string
	fstype  string
	size    int64    // of the disk; mkfs.xfs and mkfs.btrfs refuse much less
	mkfs    []string // the program and its arguments; the disk comes last
	options []string // "key" or "key=value"
	cuts    []Cut    // the ways that work, the most telling one first
}

// spec describes the kind. A journal commits after five seconds and data is
// written back after thirty, so that a short script sees only what it asks for;
// mkfs gets what makes it fast.
func (k Kind) spec() spec {
	// Not Pull for ext4: it goes on allocating blocks when its disk is gone, and
	// of a few hundred pulls one ended in a BUG of the kernel (mballoc.c, Linux
	// 6.18), after which the file system can be neither used nor unmounted.
	shutdown := []Cut{Shutdown, ShutdownFlushed}
	ext4 := []string{"mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard"}
	switch k {
	case Ext4:
		return spec{"ext4", "ext4", 64 << 20, ext4, nil, shutdown}
	case Ext4NoAutoDA:
		return spec{"ext4-noauto_da_alloc", "ext4", 64 << 20, ext4, []string{"noauto_da_alloc"}, shutdown}
	case XFS:
		return spec{"xfs", "xfs", 320 << 20, []string{"mkfs.xfs", "-q", "-f", "-K"}, nil, append(shutdown, Pull)}
	case Btrfs:
		return spec{"btrfs", "btrfs", 256 << 20, []string{"mkfs.btrfs", "-q", "-f", "-K", "-m", "single"}, nil, []Cut{Pull}}
	}
	return spec{name: fmt.Sprintf("kind(%d)", uint8(k))}
}

func (k Kind) String() string { return k.spec().name }

// Cuts are the ways to cut this kind's power.
func (k Kind) Cuts() []Cut { return k.spec().cuts }

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Ext4, Ext4NoAutoDA, XFS, Btrfs} }

// ParseKind is the kind with that name.
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds() {
		if k.String() == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("loopfs: no kind is called %q", s)
}

// Cut is a way to cut the power.
type Cut uint8

// The ways.
const (
	Shutdown        Cut = iota // the shutdown ioctl; the log is not flushed
	ShutdownFlushed            // the same; the log, but no data, is flushed first
	Pull                       // the disk goes away: all further I/O fails
)

func (c Cut) String() string {
	switch c {
	case Shutdown:
		return "shutdown"
	case ShutdownFlushed:
		return "shutdown-logflush"
	case Pull:
		return "pull"
	}
	return fmt.Sprintf("cut(%d)", uint8(c))
}

// BusyError reports that a file is still open on the file system, so that it
// cannot be mounted afresh.
type BusyError struct {
	Kind Kind
	Err  error
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("loopfs: %v: a file is still open on it: %v", e.Kind, e.Err)
}

func (e *BusyError) Unwrap() error { return e.Err }
