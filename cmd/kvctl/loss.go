package main

import (
	"fmt"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
)

// rangeJSON is a run of LSNs, both ends included.
type rangeJSON struct {
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
	Cause  string `json:"cause,omitempty"`
	Open   bool   `json:"open,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func rangesOf(list []recovery.LSNRange) []rangeJSON {
	out := []rangeJSON{}
	for _, r := range list {
		j := rangeJSON{From: r.From, To: r.To, Open: r.Open, Reason: r.Reason}
		if r.Cause != recovery.Whole {
			j.Cause = r.Cause.String()
		}
		out = append(out, j)
	}
	return out
}

// totalsJSON counts LSNs.
type totalsJSON struct {
	Kept     uint64 `json:"kept"`
	Doubtful uint64 `json:"doubtful"`
	Lost     uint64 `json:"lost"`
	Exact    bool   `json:"exact"` // no range of what was lost is open
}

func printLoss(app *cli.App, output string, l *recovery.Loss, o recovery.RecoverOptions) error {
	if app.Format.JSON() {
		return app.PrintJSON(struct {
			cli.Doc
			Dir         string      `json:"dir"`
			Output      string      `json:"output"`
			Complete    bool        `json:"complete"`
			Entries     uint64      `json:"entries"`
			LostKeys    uint64      `json:"lost_keys"`
			SnapshotLSN uint64      `json:"snapshot_lsn"`
			LastLSN     uint64      `json:"last_lsn"`
			Totals      totalsJSON  `json:"totals"`
			Kept        []rangeJSON `json:"kept"`
			Doubtful    []rangeJSON `json:"doubtful"`
			Lost        []rangeJSON `json:"lost"`
			Unused      []rangeJSON `json:"unused"`
		}{cli.NewDoc(), app.StoreDir(), output, l.Complete(), l.Entries, l.LostKeys, l.SnapshotLSN, l.LastLSN,
			totalsJSON{recovery.Count(l.Kept), recovery.Count(l.Doubtful), recovery.Count(l.Lost), l.Exact()},
			rangesOf(l.Kept), rangesOf(l.Doubtful), rangesOf(l.Lost), rangesOf(l.Unused)})
	}
	style := app.Style()
	f := app.NewFacts()
	f.Add("new store", output)
	f.Add("keys", cli.Count(l.Entries))
	f.Add("last LSN", cli.Decimal(l.LastLSN))
	addRanges(f, style.Good, "kept", l.Kept, true)
	addRanges(f, style.Warn, "doubtful", l.Doubtful, true)
	if l.LostKeys > 0 {
		f.Add("lost keys", style.Bad(cli.Plural(l.LostKeys, "key", "keys")+" in blocks of the snapshot that cannot be read"))
	}
	addRanges(f, style.Bad, "lost", l.Lost, l.Exact())
	addRanges(f, style.Dim, "unused", l.Unused, true)
	if len(l.Lost)+len(l.Doubtful) == 0 {
		f.Add("lost", "nothing")
	}
	for i, n := range nextAfter(app, output, l, o) {
		name := ""
		if i == 0 {
			name = "next"
		}
		f.Add(name, n)
	}
	return f.End()
}

// addRanges adds a heading with the number of commits, and a line for each range.
func addRanges(f *cli.Facts, paint func(string) string, name string, list []recovery.LSNRange, exact bool) {
	if len(list) == 0 {
		return
	}
	total := cli.Plural(recovery.Count(list), "commit", "commits")
	if name == "unused" {
		total = cli.Plural(recovery.Count(list), "LSN", "LSNs") + " that no commit has"
	}
	if !exact {
		total += ", as far as is known"
	}
	f.Add(name, paint(total))
	for _, r := range list {
		text := fmt.Sprintf("LSN %d to %d", r.From, r.To)
		switch {
		case r.Open:
			text = fmt.Sprintf("LSN %d and what followed, if anything did", r.From)
		case r.From == r.To:
			text = fmt.Sprintf("LSN %d", r.From)
		}
		f.Add("", text+": "+cli.Line(r.Reason))
	}
}

// nextAfter says what the new store is, and what to do with it.
func nextAfter(app *cli.App, output string, l *recovery.Loss, o recovery.RecoverOptions) (next []string) {
	behind := uint64(0)
	for _, r := range l.Lost {
		if r.Cause == recovery.Behind {
			behind += r.To - r.From + 1
		}
	}
	from := app.StoreDir()
	switch {
	case l.Complete() && len(l.Lost) == 0:
		return []string{output + " holds all that " + from + " held"}
	case l.Complete() && o.ToLSN > 0:
		return []string{fmt.Sprintf("%s holds the state of %s at LSN %d", output, from, l.LastLSN)}
	case l.Complete():
		return []string{output + " holds all that anybody was told is durable; " + from + " opens as well, and cuts the torn tail off by itself"}
	case len(l.Doubtful) > 0:
		next = append(next, output+" may be a state that "+from+" never had: look at the doubtful commits (kvctl log "+cli.ShellQuote(from)+") before you rely on it")
	case l.LastLSN > 0:
		next = append(next, fmt.Sprintf("%s is the state that %s had at LSN %d", output, from, l.LastLSN))
	default:
		next = append(next, output+" is empty")
	}
	if behind > 0 {
		next = append(next, fmt.Sprintf("kvctl recover %s --output NEW --skip-corrupt takes %s behind the damage too",
			cli.ShellQuote(from), cli.Plural(behind, "sound commit", "sound commits")))
	}
	return append(next, "a backup may hold what is lost; keep "+from+" until you know")
}
