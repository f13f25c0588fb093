package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/doctor"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
)

func newDoctor(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [DIR]",
		Short: "Look at what a store stands on: file system, disk, room, lock, leavings, clock",
		Long: `Doctor looks at the place where a store lies, and says of each thing what to do:
file systems that forget (tmpfs) or are not here (NFS), mounts without barriers,
ext4's fast_commit, syncs that are too fast to be true (timed on a file without a
name), room for the next compaction, who has the store open, what crashes left in
it, what lies in quarantine, and the clock. It also verifies the store.

It never changes anything. A directory that is to become a store can be asked
about too. What the system does not tell is left out; most of it is Linux's.

Exit codes: 0 nothing to do; 1 a warning, or worse; 5 the store is damaged; 6 it
is a newer program's, or no store.`,
		Example: `  kvctl set mykey myval
  kvctl doctor || true
  kvctl doctor -o json || true`,
		SuggestFor: []string{"health", "check", "diagnose"},
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
			facts, err := storeFacts(cmd.Context(), app, found)
			if err != nil {
				return err
			}
			list := append(doctor.Judge(facts, cli.Size), storeFindings(app, found)...)
			if err := printDoctor(app, list); err != nil {
				return err
			}
			worst := doctor.OK
			for _, f := range list {
				worst = max(worst, f.Level)
			}
			switch {
			case found.Worst() == recovery.Damage:
				return cli.Exit(cli.ExitDamage)
			case found.Worst() == recovery.Newer:
				return cli.Exit(cli.ExitNotAStore)
			case worst >= doctor.Warn:
				return cli.Exit(cli.ExitDiffers)
			}
			return nil
		},
	}
	return formats(cmd)
}

// storeFacts adds to what the system says what the store says.
func storeFacts(ctx context.Context, app *cli.App, found *recovery.Findings) (*doctor.Facts, error) {
	f := doctor.Gather(app.StoreDir(), recovery.LockName)
	f.Now, f.Replay = app.Now(), found.Bytes
	if f.TextPID = lockText(app); f.TextPID != 0 {
		f.TextAlive = alive(f.TextPID)
	}
	// A compaction writes a snapshot beside those there are, and a new log file.
	f.Needed = 64 << 20
	if m := found.Manifest; m != nil && len(m.Snapshots) > 0 {
		f.Needed += 2 * m.Snapshots[len(m.Snapshots)-1].Size
	}
	f.Needed += found.Bytes
	if found.Manifest == nil {
		return f, nil
	}
	s, err := inspect.Open(app.FS, app.StoreDir(), inspect.Options{Codecs: app.Codecs()})
	if err != nil {
		return nil, err
	}
	for r, err := range s.Records(ctx, inspect.From{}, true) {
		if err != nil {
			return nil, err
		}
		if r.Raw != nil && r.Err == nil && r.Commit.Time != 0 {
			f.LastCommit = time.UnixMilli(r.Commit.Time)
			break
		}
	}
	return f, nil
}

// storeFindings are the store's own: its state, leavings, quarantine.
func storeFindings(app *cli.App, found *recovery.Findings) (list []doctor.Finding) {
	add := func(check string, level doctor.Level, next, format string, args ...any) {
		list = append(list, doctor.Finding{Check: check, Level: level, What: fmt.Sprintf(format, args...), Next: next})
	}
	verify := "kvctl verify DIR says what and where"
	switch found.Worst() {
	case recovery.Damage:
		add("store", doctor.Bad, verify, "damaged")
	case recovery.Newer:
		add("store", doctor.Bad, verify, "written by a newer program")
	case recovery.Torn:
		add("store", doctor.Note, "nothing: the next open cuts it off and keeps a copy", "a torn tail, as a crash leaves it, or a commit that is being written")
	case 0, recovery.Note:
		if found.Manifest == nil {
			add("store", doctor.OK, "", "none yet: an empty directory, or a creation that was interrupted")
			break
		}
		add("store", doctor.OK, "", "sound, as far as an open reads; kvctl verify --deep reads all")
	}
	for _, x := range found.List {
		if x.Severity == recovery.Note && found.Manifest != nil {
			add("leavings", doctor.Note, x.Next, "%s: %s", x.File, x.Reason)
		}
	}
	if s, err := inspect.Open(app.FS, app.StoreDir(), inspect.Options{}); err == nil {
		files, err := s.Files()
		if err != nil {
			return list
		}
		for _, f := range files {
			if f.Kind == inspect.FileQuarantine {
				what := "a snapshot that could not be used"
				if strings.Contains(f.Name, ".wal") {
					what = "a torn tail that was cut off"
				}
				add("quarantine", doctor.Note, "remove it when you have looked at it (kvctl hexdump "+cli.ShellQuote(f.Path)+")", "%s, %s: %s", f.Path, cli.Size(f.Size), what)
			}
		}
	} else if !errors.Is(err, recovery.ErrNotAStore) {
		add("store", doctor.Warn, "", "%v", err)
	}
	return list
}

// checkJSON is one thing that doctor looked at.
type checkJSON struct {
	Check string `json:"check"`
	Level string `json:"level"`
	What  string `json:"what"`
	Next  string `json:"next,omitempty"`
}

func printDoctor(app *cli.App, list []doctor.Finding) error {
	out := []checkJSON{}
	for _, f := range list {
		next := strings.ReplaceAll(f.Next, "DIR", cli.ShellQuote(app.StoreDir()))
		out = append(out, checkJSON{f.Check, f.Level.String(), f.What, next})
	}
	if app.Format.JSON() {
		return app.PrintJSON(struct {
			cli.Doc
			Dir    string      `json:"dir"`
			Checks []checkJSON `json:"checks"`
		}{cli.NewDoc(), app.StoreDir(), out})
	}
	style := app.Style()
	facts := app.NewFacts()
	for i, f := range list {
		paint := map[doctor.Level]func(string) string{doctor.OK: style.Good, doctor.Note: style.Dim, doctor.Warn: style.Warn, doctor.Bad: style.Bad}[f.Level]
		facts.Add(paint(out[i].Level), f.Check+": "+cli.Line(f.What))
		if n := out[i].Next; n != "" {
			facts.Add("", "next: "+cli.Line(n))
		}
	}
	return facts.End()
}
