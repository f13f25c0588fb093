package main

import (
	"context"
	"strconv"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery/inspect"
)

// when is a place in a log as a person names it: an LSN, or a moment by the writer's
// clock.
type when struct {
	lsn uint64
	ms  int64 // Unix ms, when it is a moment
}

// parseWhen tells an LSN, a duration and a time apart.
func parseWhen(app *cli.App, flag, text string) (w when, err error) {
	if lsn, err := strconv.ParseUint(text, 10, 64); err == nil {
		return when{lsn: lsn}, nil
	}
	if d, err := cli.ParseDuration(text); err == nil && d > 0 {
		return when{ms: app.Now().Add(-d).UnixMilli()}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil && t.UnixMilli() > 0 {
		return when{ms: t.UnixMilli()}, nil
	}
	return w, cli.Usagef("%s %q: expected an LSN (17), a duration (10m, 2h, 7d) or a time (2030-01-31T12:00:00Z)", flag, text)
}

// lastAt is the last commit before the first that is newer than a moment. It is 0
// when the log that is left has none that old.
func lastAt(ctx context.Context, app *cli.App, ms int64) (lsn uint64, err error) {
	s, end, err := openWalk(app, "reading", true)
	if err != nil {
		return 0, err
	}
	defer end()
	for f, err := range s.Frames(ctx, inspect.From{}, false) {
		if err != nil {
			return 0, err
		}
		for r := range f.RecordsOf(inspect.From{}, false) {
			switch {
			case r.Raw == nil: // not a commit, or nothing that can be read
			case r.Commit.Time > ms:
				return lsn, nil
			default:
				lsn = r.LSN
			}
		}
	}
	return lsn, nil
}
