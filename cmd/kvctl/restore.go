package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/snapshot"
)

func newRestore(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FILE|-",
		Short: "Make a new store of a backup",
		Long: `Restore makes a store in --dir of what kvctl backup wrote; with -, of standard
input. The directory must not exist or be empty: nothing is ever overwritten. The
backup is checked as a whole before the store comes into being.`,
		Example: `  kvctl set mykey myval
  kvctl backup state.backup
  kvctl restore state.backup --dir restored
  kvctl get mykey --dir restored`,
		Args: exactly("FILE (- for standard input)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, size, err := openInput(app, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			if err := vacant(app, app.StoreDir()); err != nil {
				return err
			}
			bar := app.NewProgress("restore", size)
			defer bar.End()
			info, err := restore(cmd.Context(), app, &countingReader{r: cli.Interruptible(cmd.Context(), in), seen: bar.Set})
			if errors.Is(err, snapshot.ErrNotSnapshot) {
				return &cli.CodeError{Code: cli.ExitNotAStore, Kind: "not-a-backup", Msg: inputName(args[0]) + " is no backup: it does not begin like one"}
			}
			var path *fs.PathError
			if err != nil && !errors.As(err, &path) { // that names the file it is about
				return fmt.Errorf("%s: %w", inputName(args[0]), err)
			}
			if err != nil {
				return err
			}
			bar.End()
			return printBackup(app, inputName(args[0]), info)
		},
	}
	return formats(cmd)
}

func restore(ctx context.Context, app *cli.App, in *countingReader) (engine.BackupInfo, error) {
	return engine.Restore(ctx, app.StoreDir(), in, app.Options())
}

// countingReader tells how much was read.
type countingReader struct {
	r    interface{ Read([]byte) (int, error) }
	n    int64
	seen func(int64)
}

// Read implements io.Reader.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.seen(c.n)
	return n, err
}
