package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
)

func newInfo(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "info [DIR]",
		Short: "Show what a store consists of, and in which state it is",
		Long: `Info shows a store's identity, snapshots, log and state, and who has it open. It
takes no lock, changes nothing, and may run beside that program. The exit code is
0 whatever the state is, unless MANIFEST itself cannot be read; verify judges.`,
		Example: `  kvctl set mykey myval
  kvctl info
  kvctl info -o json`,
		SuggestFor: []string{"status", "stat", "show"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			found, err := recovery.Verify(cmd.Context(), app.FS, app.StoreDir(), recovery.VerifyOptions{Codecs: app.Codecs()})
			if err != nil {
				return err
			}
			if err := printInfo(app, infoOf(app, found)); err != nil {
				return err
			}
			switch {
			case found.Manifest == nil && found.Worst() == recovery.Damage:
				return cli.Exit(cli.ExitDamage)
			case found.Manifest == nil && found.Worst() == recovery.Newer:
				return cli.Exit(cli.ExitNotAStore)
			}
			return nil
		},
	}
	return formats(cmd)
}

// infoJSON is what is known of a store without opening it.
type infoJSON struct {
	cli.Doc
	Dir       string         `json:"dir"`
	Store     string         `json:"store,omitempty"`
	Created   *cli.Moment    `json:"created,omitempty"`
	State     string         `json:"state"`
	Findings  []findingJSON  `json:"findings"`
	Holder    int            `json:"holder_pid,omitempty"`
	LastPID   int            `json:"last_pid,omitempty"`
	LastLSN   uint64         `json:"last_lsn"`
	Snapshots []snapshotJSON `json:"snapshots"`
	Log       logJSON        `json:"log"`
	Quarantin quarantineJSON `json:"quarantine"`
	DiskBytes int64          `json:"disk_bytes"`
}

type snapshotJSON struct {
	LSN     uint64 `json:"lsn"`
	Entries uint64 `json:"entries"`
	Bytes   int64  `json:"bytes"`
	Digest  string `json:"digest"`
}

type logJSON struct {
	First   uint64 `json:"first_segment"`
	Active  uint64 `json:"active_segment"`
	Frames  int64  `json:"frames"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
}

type quarantineJSON struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

func infoOf(app *cli.App, f *recovery.Findings) infoJSON {
	i := infoJSON{
		Doc: cli.NewDoc(), Dir: app.StoreDir(), State: verdictOf(f), Findings: findingsOf(app, f.List),
		LastLSN: f.LastLSN, Snapshots: []snapshotJSON{},
		Log:       logJSON{Frames: f.Frames, Records: f.Records, Bytes: f.Bytes},
		Quarantin: quarantineJSON{f.QuarantineFiles, f.QuarantineBytes},
	}
	if m := f.Manifest; m != nil {
		i.Store = uuid(m.Store)
		if m.Created > 0 {
			i.Created = cli.MomentOf(time.UnixMilli(m.Created))
		}
		i.Log.First, i.Log.Active = m.First, m.Active
		for _, s := range m.Snapshots {
			i.LastLSN = max(i.LastLSN, s.LSN)
			i.Snapshots = append(i.Snapshots, snapshotJSON{s.LSN, s.Entries, s.Size, hex.EncodeToString(s.Digest[:])})
		}
	} else if f.Worst() < recovery.Newer {
		i.State = "empty"
	}
	if pid := lockText(app); pid != 0 {
		if alive(pid) {
			i.Holder = pid
		} else {
			i.LastPID = pid
		}
	}
	i.DiskBytes = diskUse(app.StoreDir())
	return i
}

func uuid(b [16]byte) string {
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// lockText is the process ID in the lock file: whoever has the store open, or
// died without closing it. Taking the lock to find out could turn another opener
// away.
func lockText(app *cli.App) int {
	b, err := os.ReadFile(filepath.Join(app.StoreDir(), "LOCK"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 0 {
		return 0
	}
	return pid
}

// alive reports whether a process exists, as far as that can be known.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	if runtime.GOOS == "windows" {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || err == syscall.EPERM
}

// diskUse adds up the sizes of all files; what cannot be read counts nothing.
func diskUse(dir string) (n int64) {
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			n += info.Size()
		}
		return nil
	})
	return n
}

func printInfo(app *cli.App, i infoJSON) error {
	if app.Format.JSON() {
		return app.PrintJSON(i)
	}
	style := app.Style()
	f := app.NewFacts()
	f.Add("directory", i.Dir)
	if i.Store != "" {
		f.Add("store", i.Store)
	}
	if i.Created != nil {
		f.Add("created", cli.Time(time.Time(*i.Created)))
	}
	switch i.State {
	case "damaged":
		f.Add("state", style.Bad("damaged")+": kvctl verify"+app.DirArg()+" says where")
	case "newer":
		f.Add("state", style.Warn("written by a newer program")+": kvctl verify"+app.DirArg()+" says what is unknown here")
	case "torn":
		if i.Holder != 0 {
			f.Add("state", "sound, and being written at this moment, or a torn tail: kvctl verify"+app.DirArg()+" says where")
			break
		}
		f.Add("state", style.Warn("torn tail")+": the next open cuts it off; kvctl verify"+app.DirArg()+" says where")
	case "empty":
		f.Add("state", "an empty directory, or a creation that was interrupted: an empty store")
	default:
		f.Add("state", style.Good("sound"))
	}
	switch {
	case i.Holder != 0:
		f.Add("open in", "process "+cli.Decimal(i.Holder))
	case i.LastPID != 0:
		f.Add("open in", "no process ("+cli.Decimal(i.LastPID)+" had it open and ended without closing it)")
	default:
		f.Add("open in", "no process")
	}
	if i.LastLSN > 0 {
		f.Add("last LSN", cli.Decimal(i.LastLSN))
	}
	if len(i.Snapshots) == 0 {
		f.Add("snapshots", "none")
	}
	for n, s := range i.Snapshots {
		name := ""
		if n == 0 {
			name = "snapshots"
		}
		f.Add(name, "LSN "+cli.Decimal(s.LSN)+", "+cli.Plural(s.Entries, "key", "keys")+", "+cli.Size(s.Bytes))
	}
	if i.Log.Active > 0 {
		files := "file " + cli.Decimal(i.Log.Active)
		if i.Log.First < i.Log.Active {
			files = "files " + cli.Decimal(i.Log.First) + " to " + cli.Decimal(i.Log.Active)
		}
		f.Add("log", files)
		f.Add("to replay", cli.Plural(i.Log.Records, "commit", "commits")+", "+cli.Size(i.Log.Bytes)+" in "+cli.Plural(i.Log.Frames, "frame", "frames"))
	}
	if i.Quarantin.Files > 0 {
		f.Add("quarantine", cli.Plural(i.Quarantin.Files, "file", "files")+", "+cli.Size(i.Quarantin.Bytes))
	}
	f.Add("on disk", cli.Size(i.DiskBytes))
	return f.End()
}
