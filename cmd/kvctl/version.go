package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal"
)

// build is what the binary knows of its own making.
type build struct {
	version, revision, date string
	modified                bool
}

func thisBuild() build {
	b := build{version: "devel"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.revision = s.Value
		case "vcs.time":
			b.date = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}

func versionLine() string {
	b := thisBuild()
	s := "kvctl " + b.version
	if b.revision != "" {
		s += fmt.Sprintf(" (%.12s %s)", b.revision, b.date)
	}
	return s
}

func newVersion(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the formats it knows",
		Long: `Version prints the version of kvctl, and the newest version of each kind of file
that it reads and writes.`,
		Example: "  kvctl version\n  kvctl version -o json",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if app.Format.JSON() {
				return app.PrintJSON(struct {
					cli.Doc
					Version  string         `json:"version"`
					Revision string         `json:"revision,omitempty"`
					Go       string         `json:"go"`
					Platform string         `json:"platform"`
					Formats  map[string]int `json:"formats"`
				}{cli.NewDoc(), b.version, b.revision, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH,
					map[string]int{"log": wal.Version, "snapshot": snapshot.Version, "json": cli.Schema}})
			}
			f := app.NewFacts()
			f.Add("version", versionLine())
			f.Add("go", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
			f.Add("formats", fmt.Sprintf("log %d, snapshot %d, JSON schema %d", wal.Version, snapshot.Version, cli.Schema))
			return f.End()
		},
	}
	return formats(cmd)
}
