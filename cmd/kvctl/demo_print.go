package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/demo"
)

// demoPrinter tells a demonstration round by round, or keeps it for JSON.
type demoPrinter struct {
	app   *cli.App
	o     demo.Options
	style cli.Style
	doc   demoJSON
	torn  int
	wrong int
}

// demoJSON is the whole demonstration for programs.
type demoJSON struct {
	cli.Doc
	Seed         uint64      `json:"seed"`
	Writers      int         `json:"writers"`
	Rounds       []roundJSON `json:"rounds"`
	Acknowledged int64       `json:"acknowledged"`
	Expected     int64       `json:"expected"`
	Recovered    int64       `json:"recovered"`
	Torn         int         `json:"torn_tails"`
	OK           bool        `json:"ok"`
	Seconds      float64     `json:"seconds"`
}

type roundJSON struct {
	Schema       int          `json:"schema,omitempty"`
	Round        int          `json:"round"`
	RanMS        float64      `json:"ran_ms"`
	Aimed        bool         `json:"aimed"`
	Acknowledged int64        `json:"acknowledged"` // in this round
	Expected     int64        `json:"expected"`
	Recovered    int64        `json:"recovered"`
	InFlight     int64        `json:"in_flight"`
	InFlightBack int64        `json:"in_flight_recovered"`
	Torn         *tornJSON    `json:"torn,omitempty"`
	RecoveryMS   float64      `json:"recovery_ms"`
	LastLSN      uint64       `json:"last_lsn"`
	NextLSN      uint64       `json:"next_lsn"`
	Log          []recordJSON `json:"log"`
	Wrong        []string     `json:"wrong"`
}

type tornJSON struct {
	File       string `json:"file"`
	Offset     int64  `json:"offset"`
	Bytes      int64  `json:"bytes"`
	LSN        uint64 `json:"lsn"`
	Reason     string `json:"reason"`
	Quarantine string `json:"quarantine"`
}

func newDemoPrinter(app *cli.App, o demo.Options) *demoPrinter {
	return &demoPrinter{app: app, o: o, style: app.Style(), doc: demoJSON{
		Doc: cli.NewDoc(), Seed: o.Seed, Writers: o.Writers, Rounds: []roundJSON{},
	}}
}

// say prints a line at once: this is watched.
func (p *demoPrinter) say(format string, args ...any) {
	if p.app.Format.JSON() {
		return
	}
	_ = p.app.Say(fmt.Sprintf(format, args...)) // Stdout remembers
	_ = p.app.Stdout.Flush()
}

func (p *demoPrinter) begin() {
	p.say("A child process writes with %d goroutines, each commit of two keys, and tells", p.o.Writers)
	p.say("this process of every acknowledgement. Then it is killed: SIGKILL, at a random")
	p.say("moment. What was acknowledged must come back, all of it; of what was under way,")
	p.say("whole commits or nothing.")
	p.say("")
	p.say("%s %s   %s %d", p.style.Dim("store"), p.o.Dir, p.style.Dim("seed"), p.o.Seed)
}

// round tells one round: whole, or, of one beyond those that were asked for and
// in which nothing happened, in a line.
func (p *demoPrinter) round(n int, r *demo.Round, beyond bool) {
	j, rep := r.Judgement, r.Report
	p.doc.Acknowledged += r.New
	p.doc.Expected, p.doc.Recovered = j.Expected, j.Recovered
	p.wrong += len(j.Wrong)
	rj := roundJSON{
		Round: n, RanMS: ms(r.Ran), Aimed: r.Aimed, Acknowledged: r.New, Expected: j.Expected, Recovered: j.Recovered,
		InFlight: j.Begun, InFlightBack: j.Extra, RecoveryMS: ms(r.Took), LastLSN: rep.LastLSN, NextLSN: rep.NextLSN,
		Log: []recordJSON{}, Wrong: append([]string{}, j.Wrong...),
	}
	for _, x := range r.Around {
		rec := recordJSON{LSN: x.LSN, Segment: x.Segment, Offset: x.Offset, OpCount: len(x.Ops)}
		for i := range x.Ops {
			op := opOf(&x.Ops[i])
			op.Value = nil // random bytes, and many
			rec.Ops = append(rec.Ops, op)
		}
		rj.Log = append(rj.Log, rec)
	}
	if c := rep.Cut; c != nil {
		p.torn++
		rj.Torn = &tornJSON{c.File, c.Offset, c.Bytes, c.LSN, c.Reason, c.Quarantine}
	}
	p.doc.Rounds = append(p.doc.Rounds, rj)

	if beyond && j.OK() && rep.Cut == nil {
		p.say("%s  %s of %s commits came back; nothing was torn, so once more", p.style.Bold(fmt.Sprintf("Round %d", n)),
			cli.Count(j.Recovered), cli.Count(j.Expected))
		return
	}
	when := ""
	if r.Aimed {
		when = ", while the log was growing"
	}
	p.say("")
	p.say("%s  killed after %s%s", p.style.Bold(fmt.Sprintf("Round %d", n)), cli.Took(r.Ran.Round(time.Millisecond)), when)
	before := ""
	if n > 1 {
		before = fmt.Sprintf("; %s were there before", cli.Count(j.Expected-r.New))
	}
	p.fact("acknowledged", "%s%s", cli.Plural(r.New, "commit", "commits"), before)
	if j.OK() {
		p.fact("came back", "%s", p.style.Good(fmt.Sprintf("%s of %s, each with its bytes and its LSN", cli.Count(j.Recovered), cli.Count(j.Expected))))
	} else {
		p.fact("came back", "%s", p.style.Bad(fmt.Sprintf("%s of %s", cli.Count(j.Recovered), cli.Count(j.Expected))))
	}
	p.fact("under way", "%s without an acknowledgement: %s came back whole, %s not at all",
		cli.Plural(j.Begun, "commit", "commits"), cli.Count(j.Extra), cli.Count(j.Begun-j.Extra))
	if c := rep.Cut; c != nil {
		p.fact("torn", "%s", p.style.Warn(fmt.Sprintf("%s of a write that the kill cut short, kept in quarantine/", cli.Size(c.Bytes))))
	} else {
		p.fact("torn", "nothing: the kill fell between two writes")
	}
	p.fact("recovery", "%s for %s and %s of log", cli.Took(r.Took), cli.Plural(rep.Records, "commit", "commits"), cli.Size(rep.Bytes))
	p.log(r)
	for _, w := range j.Wrong {
		p.say("  %s %s", p.style.Bad("WRONG"), w)
	}
}

func (p *demoPrinter) fact(name, format string, args ...any) {
	p.say("  %s %s", p.style.Dim(fmt.Sprintf("%-13s", name)), fmt.Sprintf(format, args...))
}

// log shows the log around the place where it ended.
func (p *demoPrinter) log(r *demo.Round) {
	if len(r.Around) == 0 {
		return
	}
	p.say("  %s", p.style.Dim("the log there"))
	line := func(lsn uint64, segment string, offset int64, text string) {
		p.say("    LSN %-8d %s  %s", lsn, p.style.Dim(fmt.Sprintf("file %s at %9d", segment, offset)), text)
	}
	for _, x := range r.Around {
		line(x.LSN, cli.Decimal(x.Segment), x.Offset, shortOps(x))
	}
	rep := r.Report
	if c := rep.Cut; c != nil {
		segment := strings.TrimLeft(strings.TrimSuffix(filepath.Base(c.File), ".wal"), "0")
		line(c.LSN, segment, c.Offset, p.style.Warn("torn: "+c.Reason))
		p.say("    %s", p.style.Dim(fmt.Sprintf("cut there; goes on in a new file with LSN %d: no LSN is ever given twice", rep.NextLSN)))
		return
	}
	p.say("    %s", p.style.Dim(fmt.Sprintf("ends there; goes on with LSN %d", rep.NextLSN)))
}

// shortOps shows the keys of a commit and how long their values are.
func shortOps(r demo.Record) string {
	var parts []string
	for _, m := range r.Ops {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", m.Op, cli.Cell(m.Key), cli.Size(int64(len(m.Value)))))
	}
	return strings.Join(parts, ", ")
}

func (p *demoPrinter) end(took time.Duration) error {
	p.doc.OK, p.doc.Torn, p.doc.Seconds = p.wrong == 0 && p.doc.Expected == p.doc.Recovered, p.torn, took.Seconds()
	if p.app.Format.JSON() {
		return p.app.PrintJSON(p.doc)
	}
	p.say("")
	rounds := cli.Plural(len(p.doc.Rounds), "kill", "kills")
	if p.doc.OK {
		p.say("%s %s acknowledged commits survived %s; %s torn. %s", p.style.Good("All"), cli.Count(p.doc.Acknowledged),
			rounds, cli.Plural(p.torn, "write was", "writes were"), p.style.Dim(cli.Took(took)))
	} else {
		p.say("%s after %s. Seed %d.", p.style.Bad("SOMETHING ACKNOWLEDGED IS MISSING OR WRONG"), rounds, p.o.Seed)
	}
	if _, err := p.app.FS.Stat(filepath.Dir(p.o.Dir)); err == nil && p.app.Dir != "" {
		p.say("The store stays: kvctl verify %s", cli.ShellQuote(p.o.Dir))
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
