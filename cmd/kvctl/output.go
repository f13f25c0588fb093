package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

// free refuses an output before any work is done for it: one that is there
// already, unless yes; one in the store, whose files are its own; and one that is
// no plain file. What is published replaces the name, and where the name is a
// device or a pipe, nobody wants that.
func free(app *cli.App, name string, yes bool) error {
	if inside(app.StoreDir(), name) {
		return cli.Usagef("%s lies in the store's own directory", name)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir := filepath.Dir(name)
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return cli.Usagef("%s: there is no directory %s", name, dir)
		}
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return cli.Usagef("%s is a directory", name)
	case !info.Mode().IsRegular():
		return &cli.UsageError{Msg: name + " is no plain file, and is not replaced", Try: []string{"-   # standard output, for a pipe"}}
	case !yes:
		return cli.Hint(&cli.CodeError{Code: cli.ExitUsage, Kind: "output-exists", Msg: name + " exists"}, "another name, or --yes to replace it")
	}
	return nil
}
