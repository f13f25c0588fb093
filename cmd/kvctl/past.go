package main

import (
	"bytes"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

// pastFlag is --at, for commands that can look back.
type pastFlag struct{ at string }

func (p *pastFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.at, "at", "", "as of `LSN`, in the past")
	p.at = notGiven
}

// notGiven tells --at "" from no --at; no LSN looks like it.
const notGiven = "-"

func (p *pastFlag) given() bool { return p.at != notGiven }

// state finds the state at the LSN; end takes the progress away.
func (p *pastFlag) state(cmd *cobra.Command, app *cli.App) (st *inspect.State, end func(), err error) {
	lsn, err := cli.ParseLSN("--at", p.at)
	if err != nil {
		return nil, nil, err
	}
	if lsn == inspect.Newest {
		return nil, nil, cli.Usagef("--at %s: no log comes that far", p.at)
	}
	s, end, err := openWalk(app, "looking back", false)
	if err != nil {
		return nil, nil, err
	}
	if _, err = s.Root(cmd.Context()); err == nil {
		st, err = s.State(cmd.Context(), lsn)
	}
	if err != nil {
		end()
	}
	return st, end, err
}

// item looks one key up.
func (p *pastFlag) item(cmd *cobra.Command, app *cli.App, key []byte) (it engine.Item, err error) {
	if len(key) == 0 {
		return it, engine.ErrKeyEmpty
	}
	st, end, err := p.state(cmd, app)
	if err != nil {
		return it, err
	}
	defer end()
	e, found, err := st.Get(cmd.Context(), app.Bucket, key)
	if err == nil && !found {
		err = notFound(app, key, "at LSN "+p.at+" it was not there")
	}
	return itemOfEntry(&e), err
}

func itemOfEntry(e *record.Entry) engine.Item {
	it := engine.Item{Key: e.Key, Value: e.Value, LSN: e.LSN}
	if e.Deadline != 0 {
		it.Deadline = time.UnixMilli(e.Deadline)
	}
	return it
}

// scan lists keys.
func (p *pastFlag) scan(cmd *cobra.Command, app *cli.App, r engine.Scan, limit int64, out *printer) error {
	st, end, err := p.state(cmd, app)
	if err != nil {
		return err
	}
	defer end()
	n := int64(0)
	for e, err := range st.Range(cmd.Context(), pastRange(app, r)) {
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(e.Key, r.Prefix) {
			continue
		}
		if limit > 0 && n == limit {
			break
		}
		n++
		if err := out.item(itemOfEntry(&e)); err != nil {
			return err
		}
	}
	return out.end()
}

// pastRange is the range of keys, narrowed by the prefix.
func pastRange(app *cli.App, r engine.Scan) inspect.Range {
	from, to := r.From, r.To
	if bytes.Compare(r.Prefix, from) > 0 {
		from = r.Prefix
	}
	if end := after(r.Prefix); end != nil && (to == nil || bytes.Compare(end, to) < 0) {
		to = end
	}
	return inspect.Range{Bucket: &app.Bucket, From: from, To: to, Reverse: r.Reverse}
}

// after is the first key behind all that begin with a prefix; nil when there is
// none.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for len(end) > 0 {
		if end[len(end)-1]++; end[len(end)-1] != 0 {
			return end
		}
		end = end[:len(end)-1]
	}
	return nil
}
