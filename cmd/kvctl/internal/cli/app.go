package cli

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// DefaultDir is where the store is when nobody says otherwise.
const DefaultDir = "./kvdata"

// DirVariable names the environment variable that overrides DefaultDir.
const DirVariable = "KVCTL_DIR"

// App is one run of kvctl: its streams, its clock and what the global flags
// said. Commands get it and reach the outside through it alone.
type App struct {
	Stdin  io.Reader
	Stdout *Stdout
	Stderr io.Writer

	StdinIsTerminal  bool
	StderrIsTerminal bool

	FS     vfs.FS
	Now    func() time.Time
	Getenv func(string) string

	// Set by the global flags.
	Dir    string // the store's directory
	Bucket string // the bucket, for commands that work in one
	Format Format
	Quiet  bool
	Color  string // auto, always, never

	codec snapshot.Codec // for snapshots that are written; see KeepCodec
}

// NewApp returns the App of this process.
func NewApp() *App {
	return &App{
		Stdin:            os.Stdin,
		Stdout:           NewStdout(os.Stdout, width(os.Stdout)),
		Stderr:           os.Stderr,
		StdinIsTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		StderrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		FS:               osfs.New(),
		Now:              time.Now,
		Getenv:           os.Getenv,
	}
}

// width is the number of columns of a terminal, 0 for anything else.
func width(f *os.File) int {
	if !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// StoreDir is the directory in question: the flag, else the environment, else
// the default.
func (a *App) StoreDir() string {
	if a.Dir != "" {
		return a.Dir
	}
	if d := a.Getenv(DirVariable); d != "" {
		return d
	}
	return DefaultDir
}

// TakeDir lets a command accept the directory as its argument too.
func (a *App) TakeDir(args []string) error {
	if len(args) == 0 {
		return nil
	}
	if args[0] == "" {
		return Usagef("the directory is an empty string")
	}
	if a.Dir != "" && a.Dir != args[0] {
		return Usagef("two directories: --dir %s and %s", a.Dir, args[0])
	}
	a.Dir = args[0]
	return nil
}

// DirFlag is how the next command has to name this store: "" for the default
// and what the environment says, else " --dir DIR", quoted for a shell.
func (a *App) DirFlag() string {
	if a.Dir == "" {
		return ""
	}
	return " --dir " + ShellQuote(a.Dir)
}

// BucketFlag is DirFlag's counterpart for the bucket.
func (a *App) BucketFlag() string {
	if a.Bucket == "" {
		return ""
	}
	return " --bucket " + ShellQuote(a.Bucket)
}

// Colored reports whether standard output takes colour.
func (a *App) Colored() bool { return a.colored(a.Stdout.IsTerminal()) }

func (a *App) colored(terminal bool) bool {
	switch a.Color {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"
}
