package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
)

func newBackup(app *cli.App) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "backup FILE|-",
		Short: "Write the whole state to one file",
		Long: `Backup writes an image of the whole state, every bucket, as it is at one moment,
to FILE or, with -, to standard output. FILE appears when it is complete, synced
and read back; until then, and when anything fails, there is none. An existing
FILE is replaced only with --yes.

Beside a program that has the store open, it holds what the log proves durable.
kvctl restore makes a store of it.`,
		Example: `  kvctl set mykey myval
  kvctl backup state.backup
  kvctl restore state.backup --dir restored
  kvctl backup - | gzip > state.backup.gz`,
		Args: exactly("FILE (- for standard output)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if name == "-" && app.Stdout.IsTerminal() {
				return cli.Usagef("a backup is binary; not to a terminal")
			}
			if name == "-" && app.Format != cli.FormatTable {
				return cli.Usagef("-o %s: standard output is for the backup itself", app.Format)
			}
			if name != "-" {
				if err := free(app, name, yes); err != nil {
					return err
				}
			}
			var info engine.BackupInfo
			app.KeepCodec()
			err := cli.With(cmd.Context(), app.OpenRead, func(db *engine.DB) (err error) {
				if name == "-" {
					info, err = db.Backup(cmd.Context(), app.Stdout)
					return err
				}
				info, err = backupFile(cmd.Context(), app, db, name)
				return err
			})
			if err != nil {
				return err
			}
			if name == "-" {
				app.Notef("backup of LSN %d: %s, %s", info.LSN, cli.Plural(int64(info.Entries), "key", "keys"), cli.Size(info.Size))
				return nil
			}
			return printBackup(app, name, info)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "replace FILE when it exists")
	return formats(cmd)
}

// backupFile writes under a temporary name, syncs, publishes, syncs the
// directory and reads the file back, so that the name never stands for half a
// backup.
func backupFile(ctx context.Context, app *cli.App, db *engine.DB, name string) (info engine.BackupInfo, err error) {
	temp, err := app.FS.CreateTemp(name)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, temp.Abort()) }()
	w := &fileWriter{f: temp}
	if info, err = db.Backup(ctx, w); err != nil {
		return info, err
	}
	if err = temp.Sync(); err != nil {
		return info, err
	}
	if err = temp.Publish(); err != nil {
		return info, err
	}
	if err = app.FS.SyncDir(vfs.Dir(name)); err != nil {
		return info, err
	}
	_, sum, err := snapshot.Check(ctx, app.FS, name, snapshot.ReaderOptions{Codecs: app.Codecs()})
	if err == nil && sum.Digest != info.Digest {
		err = &snapshot.CorruptError{File: name, Reason: "it reads back with other contents"}
	}
	return info, err
}

// fileWriter appends to a file of vfs.
type fileWriter struct {
	f   io.WriterAt
	off int64
}

// Write implements io.Writer.
func (w *fileWriter) Write(p []byte) (int, error) {
	n, err := w.f.WriteAt(p, w.off)
	w.off += int64(n)
	return n, err
}

// printBackup describes a backup, for backup and restore alike.
func printBackup(app *cli.App, file string, info engine.BackupInfo) error {
	digest := hex.EncodeToString(info.Digest[:])
	if app.Format.JSON() {
		return app.PrintJSON(struct {
			cli.Doc
			File    string `json:"file"`
			LSN     uint64 `json:"lsn"`
			Entries int64  `json:"entries"`
			Bytes   int64  `json:"bytes"`
			Digest  string `json:"digest"`
		}{cli.NewDoc(), file, info.LSN, int64(info.Entries), info.Size, digest})
	}
	f := app.NewFacts()
	f.Add("file", file)
	f.Add("LSN", cli.Decimal(info.LSN))
	f.Add("keys", cli.Decimal(int64(info.Entries)))
	f.Add("size", cli.Size(info.Size))
	f.Add("SHA-256 of the contents", digest)
	return f.End()
}
