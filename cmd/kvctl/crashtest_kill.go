package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/fuzz/kernel"
)

// defaultRounds is how often a process is killed when nothing bounds it.
const defaultRounds = 20

// killsJSON is a run of kill -9 rounds for programs.
type killsJSON struct {
	cli.Doc
	Seed         uint64           `json:"seed"`
	OK           bool             `json:"ok"`
	Dir          string           `json:"dir"`
	Rounds       uint64           `json:"rounds"`
	Acknowledged uint64           `json:"acknowledged"`
	Recovered    uint64           `json:"in_flight_recovered"`
	Vanished     uint64           `json:"in_flight_vanished"`
	Torn         uint64           `json:"torn_tails"`
	Compactions  uint64           `json:"compactions"`
	Failure      *killFailureJSON `json:"failure,omitempty"`
	Seconds      float64          `json:"seconds"`
}

type killFailureJSON struct {
	Verdict string `json:"verdict"`
	Round   uint64 `json:"round"`
	Text    string `json:"text"`
}

// runKills kills a process that writes, round after round.
func runKills(ctx context.Context, app *cli.App, f crashFlags) error {
	dir, _, err := demoDir(app, "crashtest", true)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "kvctl-crashtest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if f.rounds == 0 && f.time == 0 {
		f.rounds = defaultRounds
	}
	if err := saySeed(app, f.seed); err != nil {
		return err
	}
	begun := app.Now()
	status := app.NewStatus()
	r, err := kernel.Run(ctx, kernel.Options{
		Dir: func() string { return dir }, Command: killChild, Config: kernel.Defaults(f.seed),
		Disasters: []kernel.Disaster{kernel.KillNine()}, Rounds: f.rounds, Time: f.time, Scratch: scratch,
		OnRound: func(r kernel.Report) {
			status.Set(fmt.Sprintf("%s, %s acknowledged", cli.Plural(r.Rounds, "kill", "kills"), cli.Plural(r.Acked, "commit", "commits")))
		},
	})
	status.End()
	var machine *kernel.MachineError
	if errors.As(err, &machine) {
		app.Notef("%s went well before; the store stays in %s", cli.Plural(r.Rounds, "round", "rounds"), filepath.Join(dir, "store"))
		return err
	}
	var failure *kernel.Failure
	if err != nil && !errors.As(err, &failure) {
		return err
	}
	if err := printKills(app, f.seed, dir, r, failure, app.Now().Sub(begun)); err != nil {
		return err
	}
	switch {
	case failure != nil:
		app.Notef("the store stays in %s", filepath.Join(dir, "store")) // it is the evidence
		return &cli.CodeError{Code: cli.ExitDiffers, Kind: "lost", Msg: "the engine broke its promise; please report this, with the seed and the store"}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return nil
}

// killChild makes the process that writes: this program again.
func killChild() *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	cmd := exec.Command(self, crashChild)
	cmd.Args[0] = os.Args[0]
	return cmd
}

func printKills(app *cli.App, seed uint64, dir string, r kernel.Report, failure *kernel.Failure, took time.Duration) error {
	if app.Format.JSON() {
		doc := killsJSON{
			Doc: cli.NewDoc(), Seed: seed, OK: failure == nil, Dir: dir, Rounds: r.Rounds, Acknowledged: r.Acked,
			Recovered: r.Kept, Vanished: r.Vanished, Torn: r.TornTails, Compactions: r.Compactions, Seconds: took.Seconds(),
		}
		if failure != nil {
			doc.Failure = &killFailureJSON{string(failure.Verdict), failure.Round, failure.Error()}
		}
		return app.PrintJSON(doc)
	}
	facts := app.NewFacts()
	for _, fact := range []struct {
		name  string
		value any
	}{
		{"rounds", r.Rounds}, {"acknowledged", r.Acked}, {"under way, came back", r.Kept},
		{"under way, did not", r.Vanished}, {"torn tails", r.TornTails}, {"compactions", r.Compactions},
	} {
		facts.Add(fact.name, fmt.Sprint(fact.value))
	}
	if err := facts.End(); err != nil {
		return err
	}
	style := app.Style()
	if failure != nil {
		return app.Say(fmt.Sprintf("\n%s in round %d: %s\nconfiguration: %+v", style.Bad(string(failure.Verdict)), failure.Round, failure.Detail, failure.Config))
	}
	return app.Say(fmt.Sprintf("%s in %s of kill -9; the store stays: kvctl verify %s  %s", style.Good("nothing acknowledged was lost"),
		cli.Plural(r.Rounds, "round", "rounds"), cli.ShellQuote(filepath.Join(dir, "store")), style.Dim(cli.Took(took))))
}
