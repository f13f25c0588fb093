package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/demo"
)

// childCommand is the hidden command that demo runs itself as.
const childCommand = "demo-child"

// demoBudget is how long demo goes on past its rounds for the sake of a torn
// tail.
const demoBudget = 15 * time.Second

func newDemo(app *cli.App) *cobra.Command {
	var (
		seed    uint64
		rounds  int
		writers int
		keep    bool
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Kill a program while it writes, and see that nothing acknowledged is lost",
		Long: `Demo starts a child process that writes through the engine from several
goroutines. Every acknowledgement crosses a pipe to this process, which kills the
child with SIGKILL at a random moment, recovers the store, and holds it against
its own list: what was acknowledged, what came back, what was torn, and the log
around that place. Then the child goes on with the same store.

The first kill is blind; the others wait from their random moment until the log is
seen to grow, so that they are likely to cut a write short. There are --rounds
rounds; without that flag three, and some more, for up to 15 seconds, when none of
them tore a write. Exit code 1 says that something acknowledged is missing.

The store is in a temporary directory that is removed at the end, unless --keep;
with --dir DIR it is in DIR, which must not exist or be empty, and stays.`,
		Example: "  kvctl demo\n  kvctl demo --rounds 1 --seed 42 -o json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				seed = uint64(app.Now().UnixNano()) % 1e6
			}
			if rounds < 1 || writers < 1 || writers > 99 {
				return cli.Usagef("--rounds is at least 1, --writers from 1 to 99")
			}
			dir, remove, err := demoDir(app, "demo", keep)
			if err != nil {
				return err
			}
			budget := demoBudget
			if cmd.Flags().Changed("rounds") {
				budget = 0
			}
			err = runDemo(cmd.Context(), app, rounds, budget, demo.Options{
				FS: app.FS, Dir: dir, Seed: seed, Writers: writers, Now: app.Now,
				Command: func(ctx context.Context) *exec.Cmd { return demoChild(ctx, dir, seed, writers) },
			})
			if err != nil && cmd.Context().Err() == nil {
				app.Notef("the store stays in %s", dir) // it is the evidence
				return err
			}
			remove()
			return err
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&seed, "seed", 0, "`N` picks the data and the moments of the kills (default: from the clock)")
	f.IntVar(&rounds, "rounds", 3, "kill `N` times")
	f.IntVar(&writers, "writers", 32, "write from `N` goroutines")
	f.BoolVar(&keep, "keep", false, "leave the store where it is")
	return formats(cmd)
}

// demoDir is where the store goes, and how it goes away.
func demoDir(app *cli.App, who string, keep bool) (dir string, remove func(), err error) {
	if app.Dir != "" {
		entries, err := os.ReadDir(app.Dir)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", nil, err
		case len(entries) > 0:
			return "", nil, cli.Usagef("%s is not empty; %s wants a directory of its own", app.Dir, who)
		}
		return app.Dir, func() {}, nil
	}
	parent, remove, err := scratch(app, "", "kvctl-demo-")
	if err != nil {
		return "", nil, err
	}
	if keep {
		remove = func() {}
	}
	return filepath.Join(parent, "store"), remove, nil
}

// demoChild makes the process that writes: this program again.
func demoChild(ctx context.Context, dir string, seed uint64, writers int) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	cmd := exec.CommandContext(ctx, self, childCommand, "--dir", dir,
		"--seed", strconv.FormatUint(seed, 10), "--writers", strconv.Itoa(writers))
	cmd.Args[0] = os.Args[0]
	return cmd
}

// newDemoParts are the commands that demo runs by itself.
func newDemoParts(app *cli.App) []*cobra.Command {
	var (
		seed    uint64
		writers int
	)
	child := &cobra.Command{
		Use:    childCommand,
		Hidden: true,
		Args:   exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Straight to the descriptor: what waits in a buffer dies with the
			// process, and an acknowledgement must not.
			return demo.Write(cmd.Context(), app.StoreDir(), seed, writers, os.Stdout)
		},
	}
	child.Flags().Uint64Var(&seed, "seed", 0, "")
	child.Flags().IntVar(&writers, "writers", 1, "")
	return []*cobra.Command{child}
}

func runDemo(ctx context.Context, app *cli.App, rounds int, budget time.Duration, o demo.Options) error {
	begin := app.Now()
	d := demo.New(o)
	show := newDemoPrinter(app, o)
	show.begin()
	for n := 1; ; n++ {
		// The first kill is blind; the others fall into a write, if they can.
		r, err := d.Round(ctx, n > 1)
		if err != nil {
			return err
		}
		show.round(n, r, n > rounds)
		if !r.Judgement.OK() || n >= rounds && (show.torn > 0 || app.Now().Sub(begin) >= budget) {
			break
		}
	}
	if err := show.end(app.Now().Sub(begin)); err != nil {
		return err
	}
	if show.wrong > 0 {
		return &cli.CodeError{Code: cli.ExitDiffers, Kind: "lost", Msg: "the engine broke its promise; please report this, with the seed and the store"}
	}
	return nil
}
