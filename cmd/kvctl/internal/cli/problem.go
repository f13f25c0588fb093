package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery"
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
		return Problem{Code: ExitNotAStore, File: noStore.Dir, Try: []string{"kvctl set" + a.DirFlag() + " mykey myval   # makes a store"}}
	case errors.Is(err, engine.ErrNotFound):
		return Problem{Code: ExitDiffers}
	}
	if p, ok := a.unreadable(err); ok {
		return p
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
		p.Try = append([]string{fmt.Sprintf("ps -p %d   # who holds it", e.PID)}, p.Try...)
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
	mend := []string{
		"kvctl verify" + a.DirArg() + "   # all that is wrong",
		"kvctl recover " + ShellQuote(a.StoreDir()) + " --output NEW   # salvage into a new directory",
	}
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
		p := Problem{Code: ExitDamage, File: damage.File, LSN: damage.LSN, Try: mend}
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
		return Problem{Code: ExitNotAStore, File: a.StoreDir(), What: a.StoreDir() + " is not a directory"}, true
	}
	return Problem{}, false
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
	s = strings.TrimPrefix(s, "engine: open "+a.StoreDir()+": ")
	for _, prefix := range []string{"engine: ", "recovery: ", "wal: ", "vfs: ", "snapshot: "} {
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
