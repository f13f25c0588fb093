package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Problem is an error as its reader needs it: what happened, where, with which
// code kvctl ends, and what to do. It is also the "error" object of JSON output.
type Problem struct {
	Code   int      `json:"code"`
	Kind   string   `json:"kind"`
	What   string   `json:"message"`
	File   string   `json:"file,omitempty"`
	Offset *int64   `json:"offset,omitempty"`
	LSN    uint64   `json:"lsn,omitempty"`
	PID    int      `json:"pid,omitempty"`
	Try    []string `json:"try,omitempty"`
}

// kinds names the codes; a Problem may be more precise.
var kinds = map[int]string{
	ExitDiffers:     "not-found",
	ExitUsage:       "usage",
	ExitIO:          "io",
	ExitTorn:        "torn",
	ExitDamage:      "damage",
	ExitNotAStore:   "not-a-store",
	ExitLocked:      "locked",
	ExitInterrupted: "interrupted",
}

// Explain is the one place where errors become exit codes and advice. The order
// of its questions matters: the first that holds decides.
func (a *App) Explain(err error) Problem {
	p := a.classify(err)
	if p.Kind == "" {
		p.Kind = kinds[p.Code]
	}
	if p.What == "" {
		p.What = a.sentence(err)
	}
	var detail *DetailError
	if errors.As(err, &detail) {
		p.What += "\n" + detail.Detail
	}
	var hint *HintError
	if errors.As(err, &hint) {
		p.Try = hint.Try
	}
	return p
}

func (a *App) classify(err error) Problem {
	var (
		code    *CodeError
		usage   *UsageError
		noStore *NoStoreError
		locked  *vfs.LockedError
	)
	switch {
	case errors.As(err, &code):
		return Problem{Code: code.Code, Kind: code.Kind}
	case errors.As(err, &usage):
		return Problem{Code: ExitUsage, Try: usage.Try}
	case errors.Is(err, context.Canceled):
		return Problem{Code: ExitInterrupted}
	case errors.As(err, &locked):
		return a.lockedProblem(locked)
	case errors.As(err, &noStore):
		where := a.DirFlag()
		if noStore.Dir != a.StoreDir() {
			where = " --dir " + ShellQuote(noStore.Dir)
		}
		return Problem{Code: ExitNotAStore, File: noStore.Dir, Try: []string{"kvctl set" + where + " mykey myval   # makes a store"}}
	case errors.Is(err, engine.ErrNotFound):
		return Problem{Code: ExitDiffers}
	}
	if p, ok := a.unreadable(err); ok {
		return p
	}
	var past *inspect.UnreachableError
	if errors.As(err, &past) {
		return Problem{Code: ExitUsage, Kind: "unreachable", LSN: past.LSN}
	}
	if p, ok := refused(err); ok {
		return p
	}
	p := Problem{Code: ExitIO}
	var path *fs.PathError
	if errors.As(err, &path) {
		p.File = path.Path
	}
	switch {
	case errors.Is(err, engine.ErrLogFailed), errors.Is(err, engine.ErrOutcomeUnknown):
		// Nobody knows what reached the disk; only recovery can tell.
		p.Kind = "log-failed"
		p.Try = []string{"kvctl verify" + a.DirArg() + "   # once the cause is mended"}
	case errors.Is(err, syscall.ENOSPC):
		p.Kind = "disk-full"
	case errors.Is(err, fs.ErrPermission):
		p.Kind = "permission"
	case errors.Is(err, syscall.EIO) && p.File != "":
		// Neither an end nor a tear: what lies there is not known.
		p.What = a.sentence(err) + "; the disk failed, which says nothing about what the file holds"
		p.Try = []string{
			"dmesg | tail   # what the disk says",
			"copy the directory to another disk (ddrescue goes on behind what cannot be read), and verify the copy",
		}
	}
	return p
}

func (a *App) lockedProblem(e *vfs.LockedError) Problem {
	p := Problem{
		Code: ExitLocked, File: e.Name, PID: e.PID,
		What: fmt.Sprintf("%s is open in another process", vfs.Dir(e.Name)),
		Try:  []string{"kvctl get" + a.DirFlag() + " KEY   # get, scan, count, ttl, export and backup read beside it"},
	}
	if e.PID != 0 {
		p.What = fmt.Sprintf("%s is open in process %d", vfs.Dir(e.Name), e.PID)
		who := fmt.Sprintf("ps -p %d   # who holds it", e.PID)
		if talk := redisCLI(e.PID); talk != "" {
			who = talk
		}
		p.Try = append([]string{who}, p.Try...)
	}
	return p
}

// unreadable are the verdicts on what lies on the disk.
func (a *App) unreadable(err error) (Problem, bool) {
	var (
		damage     *recovery.CorruptionError
		torn       *recovery.TornError
		version    *recovery.VersionError
		foreign    *recovery.NotAStoreError
		walVersion *wal.VersionError
		rotten     *snapshot.CorruptError
		newer      *snapshot.VersionError
		codec      *snapshot.UnknownCodecError
		unknown    *record.UnknownError
	)
	switch {
	case errors.As(err, &version):
		return Problem{Code: ExitNotAStore, Kind: "version", File: version.File}, true
	case errors.As(err, &walVersion):
		return Problem{Code: ExitNotAStore, Kind: "version", File: walVersion.File, Offset: &walVersion.Offset}, true
	case errors.As(err, &newer):
		return Problem{Code: ExitNotAStore, Kind: "version", File: newer.File}, true
	case errors.As(err, &codec):
		return Problem{Code: ExitNotAStore, Kind: "version", File: codec.File}, true
	case errors.As(err, &unknown):
		return Problem{Code: ExitNotAStore, Kind: "version"}, true
	case errors.As(err, &damage):
		p := Problem{Code: ExitDamage, File: damage.File, LSN: damage.LSN, Try: a.mend(damage.File)}
		if damage.Offset >= 0 {
			p.Offset = &damage.Offset
		}
		return p, true
	case errors.As(err, &torn):
		return Problem{Code: ExitTorn, File: torn.File, Offset: &torn.Offset, LSN: torn.LSN}, true
	case errors.As(err, &rotten):
		// Outside of a store this is a backup or another program's file.
		if errors.Is(err, snapshot.ErrNotSnapshot) {
			return Problem{Code: ExitNotAStore, Kind: "not-a-backup", File: rotten.File}, true
		}
		return Problem{Code: ExitDamage, File: rotten.File, Offset: &rotten.Offset}, true
	case errors.As(err, &foreign):
		return Problem{Code: ExitNotAStore, File: foreign.Dir}, true
	case errors.Is(err, vfs.ErrNotDir):
		what := a.StoreDir() + " is not a directory" // or lies below what is none
		if info, err := a.FS.Stat(a.StoreDir()); err == nil && !info.IsDir {
			what = a.StoreDir() + ": not a store: it is a file"
		}
		return Problem{Code: ExitNotAStore, File: a.StoreDir(), What: what}, true
	}
	return Problem{}, false
}

// mend is what to try when a file of a store is damaged. The store is the one
// that the file lies in, which is not the App's own when a command was given two,
// or a file by its name; of a file that lies in no store nothing can be said.
func (a *App) mend(file string) []string {
	verify, dir := "kvctl verify"+a.DirArg(), a.StoreDir()
	if rel, err := filepath.Rel(dir, file); err != nil || !filepath.IsLocal(rel) {
		if dir = storeOf(file); dir == "" {
			return nil
		}
		verify = "kvctl verify " + ShellQuote(dir)
	}
	return []string{
		verify + "   # all that is wrong",
		"kvctl recover " + ShellQuote(dir) + " --output NEW   # salvage into a new directory",
	}
}

// storeOf is the directory of the store that a file belongs to by its name, "" for
// a file that might lie anywhere.
func storeOf(file string) string {
	dir := filepath.Dir(file)
	switch {
	case filepath.Base(file) == "MANIFEST":
		return dir
	case slices.Contains([]string{"wal", "snap", "quarantine"}, filepath.Base(dir)):
		return filepath.Dir(dir)
	}
	return ""
}

// refused are inputs that the engine does not take.
func refused(err error) (Problem, bool) {
	for _, e := range []struct {
		err  error
		kind string
	}{
		{engine.ErrKeyEmpty, "key-empty"},
		{engine.ErrKeyTooLarge, "key-too-large"},
		{engine.ErrValueTooLarge, "value-too-large"},
		{engine.ErrTxTooLarge, "tx-too-large"},
		{engine.ErrBucketName, "bucket-name"},
		{engine.ErrDeadline, "deadline"},
		{engine.ErrNotEmpty, "output-exists"},
		{fs.ErrExist, "output-exists"},
	} {
		if errors.Is(err, e.err) {
			return Problem{Code: ExitUsage, Kind: e.kind}, true
		}
	}
	return Problem{}, false
}

// sentence is the error's own text without the prefixes that say which package
// it went through.
func (a *App) sentence(err error) string {
	var detail *DetailError
	if errors.As(err, &detail) {
		err = detail.Err
	}
	var failed *wal.LogError
	if errors.As(err, &failed) {
		return logFailure(failed)
	}
	s := err.Error()
	var damage *recovery.CorruptionError
	if errors.As(err, &damage) && damage.Next != "" {
		s = strings.Replace(s, " ("+damage.Next+")", "", 1) // Try says it
	}
	s = strings.TrimPrefix(s, "engine: open "+a.StoreDir()+": ")
	s = strings.Replace(s, "engine: restore to "+a.StoreDir()+": ", "", 1)
	s = strings.Replace(s, ": stream: ", ": ", 1)            // of a restore; its input has a name of its own
	if rest, ok := strings.CutPrefix(s, "createtemp "); ok { // what is made is a file, to its reader
		s = "create " + rest
	}
	for _, prefix := range []string{"engine: ", "recovery: ", "wal: ", "vfs: ", "snapshot: ", "kernel: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return strings.ReplaceAll(s, context.Canceled.Error(), "interrupted")
}

// logFailure says once what the layers of an error say three times.
func logFailure(e *wal.LogError) string {
	cause := e.Err
	var path *fs.PathError
	if errors.As(cause, &path) {
		cause = path.Err
	}
	return fmt.Sprintf("the log failed: %s %s: %v; the next open decides whether the last commit is there", e.Op, e.File, cause)
}

// DirArg is DirFlag for commands that take the directory as an argument.
func (a *App) DirArg() string {
	if a.Dir == "" {
		return ""
	}
	return " " + ShellQuote(a.Dir)
}
