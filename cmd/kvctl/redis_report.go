package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/migrate"
)

// moveJSON is what a copy from or to Redis comes to.
type moveJSON struct {
	cli.Doc
	Complete  bool           `json:"complete"`
	Verified  bool           `json:"verified"`
	Same      bool           `json:"same"`
	Databases []int          `json:"databases"`
	Copied    int64          `json:"copied"`
	Kept      int64          `json:"already_there"`
	Bytes     int64          `json:"bytes"`
	Seconds   float64        `json:"seconds"`
	Types     []moveTypeJSON `json:"types"`
	Expired   int64          `json:"expired"`
	Others    int64          `json:"other_keys_in_target"`
	Skipped   moveKeysJSON   `json:"skipped"`
	Refused   moveKeysJSON   `json:"refused"`
	Missing   moveKeysJSON   `json:"missing"`
	Different moveKeysJSON   `json:"different"`
}

type moveTypeJSON struct {
	Type           string `json:"type"`
	SourceKeys     int64  `json:"source_keys"`
	TargetKeys     int64  `json:"target_keys"`
	SourceElements int64  `json:"source_elements"`
	TargetElements int64  `json:"target_elements"`
	SourceDigest   string `json:"source_digest"`
	TargetDigest   string `json:"target_digest"`
}

type moveKeysJSON struct {
	Count int64         `json:"count"`
	Keys  []moveKeyJSON `json:"keys"`
}

type moveKeyJSON struct {
	DB  int       `json:"db"`
	Key cli.Bytes `json:"key"`
	Why string    `json:"why"`
}

func moveKeys(n migrate.Named) moveKeysJSON {
	out := moveKeysJSON{Count: n.Count, Keys: []moveKeyJSON{}}
	for _, k := range n.First {
		out.Keys = append(out.Keys, moveKeyJSON{k.DB, k.Key, k.Why})
	}
	return out
}

// finishMove prints what was done, and makes the exit code of it.
func finishMove(app *cli.App, verb, again string, rep *migrate.Report, took time.Duration, err error) error {
	if rep == nil {
		return redisProblem(err)
	}
	if app.Format.JSON() {
		if perr := printMoveJSON(app, rep, took, err == nil); err == nil && perr != nil {
			return perr
		}
	} else if rep.Verified {
		if perr := printMove(app, rep); err == nil && perr != nil {
			return perr
		}
	}
	if err != nil {
		detail := fmt.Sprintf("%s written, %s were there already, before that; not verified", cli.Plural(rep.Copied, "key", "keys"), cli.Count(rep.Kept))
		var taken *migrate.TakenError
		if errors.As(err, &taken) {
			return &cli.UsageError{Msg: err.Error(), Try: []string{"finish the copy that left it, or remove the key"}}
		}
		if errors.Is(err, context.Canceled) || len(rep.Databases) > 0 {
			return cli.Hint(&cli.DetailError{Err: redisProblem(err), Detail: detail}, again+"   # goes on")
		}
		return redisProblem(err)
	}
	app.Notef("%s %s (%s were there already), %s in %s", verb, cli.Plural(rep.Copied, "key", "keys"), cli.Count(rep.Kept),
		cli.Size(rep.Bytes), cli.Took(took))
	noteKeys(app, "skipped, of types that are not copied", rep.Skipped)
	noteKeys(app, "refused by the target", rep.Refused)
	noteKeys(app, "missing in the target", rep.Missing)
	noteKeys(app, "different in the target", rep.Different)
	if rep.Expired > 0 {
		app.Notef("%s past their deadline are still in the source", cli.Plural(rep.Expired, "key", "keys"))
	}
	if rep.Others > 0 {
		app.Notef("the target holds %s more, which the source does not", cli.Plural(rep.Others, "key", "keys"))
	}
	if rep.Same() {
		app.Notef("verified: the same keys, values and deadlines on both sides")
		return nil
	}
	if rep.Missing.Count+rep.Different.Count > 0 {
		app.Notef("was the source written to meanwhile? Try: %s", again)
	}
	return cli.Exit(cli.ExitDiffers)
}

// namedKeys bounds the names in a note; JSON has more.
const namedKeys = 10

func noteKeys(app *cli.App, what string, n migrate.Named) {
	if n.Count == 0 {
		return
	}
	app.Notef("%s %s:", cli.Plural(n.Count, "key", "keys"), what)
	for i, k := range n.First {
		if i == namedKeys {
			app.Notef("  and %s more (-o json names %d)", cli.Count(n.Count-namedKeys), len(n.First))
			break
		}
		app.Notef("  database %d, %s: %s", k.DB, cli.Quoted(k.Key), k.Why)
	}
}

func printMove(app *cli.App, rep *migrate.Report) error {
	t := app.NewTable("type", ">keys", ">elements", "digest of the source", ">keys there", ">elements there", "digest of the target", "")
	for _, name := range migrate.Types {
		r := rep.Types[name]
		if r.SourceKeys+r.TargetKeys == 0 {
			continue
		}
		row, verdict := t.Row, "same"
		if r.Source != r.Target || r.SourceKeys != r.TargetKeys {
			row, verdict = t.BadRow, "DIFFERENT"
		}
		if err := row(name, cli.Decimal(r.SourceKeys), cli.Decimal(r.SourceElements), r.Source.String()[:16],
			cli.Decimal(r.TargetKeys), cli.Decimal(r.TargetElements), r.Target.String()[:16], verdict); err != nil {
			return err
		}
	}
	if err := t.End(); err != nil {
		return err
	}
	return app.Stdout.Flush()
}

func printMoveJSON(app *cli.App, rep *migrate.Report, took time.Duration, complete bool) error {
	doc := moveJSON{
		Doc: cli.NewDoc(), Complete: complete, Verified: rep.Verified, Same: rep.Same(), Databases: rep.Databases,
		Copied: rep.Copied, Kept: rep.Kept, Bytes: rep.Bytes, Seconds: took.Seconds(), Expired: rep.Expired, Others: rep.Others,
		Skipped: moveKeys(rep.Skipped), Refused: moveKeys(rep.Refused), Missing: moveKeys(rep.Missing), Different: moveKeys(rep.Different),
	}
	if doc.Databases == nil {
		doc.Databases = []int{}
	}
	for _, name := range migrate.Types {
		r := rep.Types[name]
		doc.Types = append(doc.Types, moveTypeJSON{
			Type: name, SourceKeys: r.SourceKeys, TargetKeys: r.TargetKeys, SourceElements: r.SourceElements, TargetElements: r.TargetElements,
			SourceDigest: r.Source.String(), TargetDigest: r.Target.String(),
		})
	}
	return app.PrintJSON(doc)
}
