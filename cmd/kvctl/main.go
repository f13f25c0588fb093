package main

import (
	"context"
	"os"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

func main() {
	os.Exit(run(context.Background(), cli.NewApp(), os.Args[1:]))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, app *cli.App, args []string) int {
	ctx, stop := cli.Signals(ctx)
	defer stop()
	root := newRoot(app)
	root.SetArgs(args)
	err := execute(ctx, app, root, args)
	// What the command has to say of itself goes before a pipe that was closed.
	if ferr := app.Stdout.Flush(); err == nil {
		err = ferr
	}
	return app.Fail(err)
}
