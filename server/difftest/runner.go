package difftest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Runner runs streams against two servers. Not safe for concurrent use.
type Runner struct {
	Redis, Ours string // addresses
	Families    []Family
	Differences []Difference

	Streams, Commands int
	Seen              map[string]int // commands that were sent, by name
	Excused           map[string]int // differences that were meant, by Difference.Name
}

// A Mismatch is a difference that nothing excuses.
type Mismatch struct {
	Where       string // the command, or what was read of the state
	Redis, Ours Reply
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("%s\n  redis: %.2000s\n  ours:  %.2000s", m.Where, m.Redis, m.Ours)
}

// pair is a connection to each server.
type pair struct {
	redis, ours *Conn
	queued      []*Command // since MULTI
	multi       bool
}

func (r *Runner) dial() (*pair, error) {
	a, err := Dial(r.Redis)
	if err != nil {
		return nil, err
	}
	b, err := Dial(r.Ours)
	if err != nil {
		a.Close()
		return nil, err
	}
	return &pair{redis: a, ours: b}, nil
}

func (p *pair) close() {
	p.redis.Close()
	p.ours.Close()
}

// both sends a command to both servers and wants no error of either.
func (p *pair) both(args ...string) (redis, ours Reply, err error) {
	if redis, err = p.redis.Do(args...); err != nil {
		return redis, ours, fmt.Errorf("redis: %s: %w", args[0], err)
	}
	if ours, err = p.ours.Do(args...); err != nil {
		return redis, ours, fmt.Errorf("ours: %s: %w", args[0], err)
	}
	return redis, ours, nil
}

// Run runs one stream on emptied servers. The error is a *Mismatch, or what kept
// the stream from running.
func (r *Runner) Run(s Stream) error {
	if r.Seen == nil {
		r.Seen, r.Excused = make(map[string]int), make(map[string]int)
	}
	r.Streams++
	var conns [3]*pair
	for i := range conns {
		p, err := r.dial()
		if err != nil {
			return err
		}
		conns[i] = p
		defer func() { conns[i].close() }()
	}
	for _, args := range [][]string{{"FLUSHALL"}, {"CONFIG", "SET", "notify-keyspace-events", s.Events}} {
		if err := r.setup(conns[2], args...); err != nil {
			return err
		}
	}
	if err := r.setup(conns[2], "PSUBSCRIBE", "*"); err != nil {
		return err
	}
	for _, p := range conns[:2] {
		if s.Protocol == 3 {
			if _, _, err := p.both("HELLO", "3"); err != nil {
				return err
			}
		}
	}
	for i, step := range s.Steps {
		if err := r.step(conns[step.Conn], step); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if p := conns[step.Conn]; p.redis == nil { // it ended with QUIT
			again, err := r.dial()
			if err != nil {
				return err
			}
			conns[step.Conn] = again
		}
		if err := r.events(conns[2], i); err != nil {
			return err
		}
	}
	return r.state()
}

func (r *Runner) setup(p *pair, args ...string) error {
	redis, ours, err := p.both(args...)
	if err == nil && (redis.Kind == Error || !redis.Equal(ours)) {
		err = &Mismatch{strings.Join(args, " ") + " (setting up)", redis, ours}
	}
	return err
}

// step sends a step's commands, those between macros as one pipeline.
func (r *Runner) step(p *pair, s Step) error {
	for i := 0; i < len(s.Calls); {
		if c := s.Calls[i]; c.Command.Macro != nil && p.multi {
			if !c.Command.Outside {
				if err := r.pipeline(p, s.Calls[i:i+1]); err != nil {
					return err
				}
			}
			i++
			continue
		} else if c.Command.Macro != nil {
			redis, err := c.Command.Macro(p.redis, c.Args)
			if err != nil {
				return fmt.Errorf("redis: %s: %w", c, err)
			}
			ours, err := c.Command.Macro(p.ours, c.Args)
			if err != nil {
				return fmt.Errorf("ours: %s: %w", c, err)
			}
			if err := r.check(p, c, redis, ours); err != nil {
				return err
			}
			i++
			continue
		}
		n := i
		for n < len(s.Calls) && s.Calls[n].Command.Macro == nil {
			n++
		}
		if err := r.pipeline(p, s.Calls[i:n]); err != nil {
			return err
		}
		if p.redis == nil {
			return nil
		}
		i = n
	}
	return nil
}

func (r *Runner) pipeline(p *pair, calls []Call) error {
	redis, err := exchange(p.redis, calls)
	if err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	ours, err := exchange(p.ours, calls)
	if err != nil {
		return fmt.Errorf("ours: %w", err)
	}
	for i := range max(len(redis), len(ours)) {
		if i >= len(redis) || i >= len(ours) {
			closed := Reply{Kind: Error, Text: "(the connection was closed)"}
			return &Mismatch{calls[i].String(), at(redis, i, closed), at(ours, i, closed)}
		}
		if err := r.check(p, calls[i], redis[i], ours[i]); err != nil {
			return err
		}
	}
	if len(redis) < len(calls) || strings.EqualFold(calls[len(calls)-1].Args[0], "quit") {
		p.close()
		p.redis, p.ours = nil, nil
	}
	return nil
}

func at(list []Reply, i int, otherwise Reply) Reply {
	if i < len(list) {
		return list[i]
	}
	return otherwise
}

// exchange sends calls as one pipeline and reads their replies, or fewer when the
// server closes the connection.
func exchange(c *Conn, calls []Call) ([]Reply, error) {
	for _, call := range calls {
		if err := c.Send(call.Args...); err != nil {
			return nil, err
		}
	}
	var out []Reply
	for range calls {
		r, err := c.Receive()
		if closed(err) {
			break
		}
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// check compares the replies to one call.
func (r *Runner) check(p *pair, c Call, redis, ours Reply) error {
	r.Commands++
	name := strings.ToUpper(c.Command.Name)
	r.Seen[name]++
	queued := Reply{Kind: Simple, Text: "QUEUED"}
	switch {
	case redis.Equal(queued) && ours.Equal(queued):
		p.queued = append(p.queued, c.Command)
		return nil
	case name == "EXEC" && redis.Kind == Array && ours.Kind == Array:
		commands := p.queued
		p.queued, p.multi = nil, false
		if len(redis.Elems) != len(ours.Elems) || len(redis.Elems) != len(commands) {
			return &Mismatch{c.String(), redis, ours}
		}
		for i, q := range commands {
			if err := r.agree(q, fmt.Sprintf("%s, of its reply %d, to %s", c, i+1, q.Name), redis.Elems[i], ours.Elems[i]); err != nil {
				return err
			}
		}
		return nil
	case name == "MULTI" || name == "EXEC" || name == "DISCARD" || name == "RESET":
		if redis.Kind != Error || name == "EXEC" && !redis.IsError("ERR wrong number") {
			p.queued, p.multi = nil, name == "MULTI"
		}
	}
	return r.agree(c.Command, c.String(), redis, ours)
}

// agree compares two replies to a command, and looks for an excuse.
func (r *Runner) agree(c *Command, where string, redis, ours Reply) error {
	if c.compare(redis, ours) {
		return nil
	}
	for _, d := range r.Differences {
		if strings.EqualFold(d.Command, c.Name) && d.Excuses(redis, ours) {
			r.Excused[d.Name()]++
			return nil
		}
	}
	return &Mismatch{where, redis, ours}
}

// events compares what the listening connection heard of a step. A message is
// sent before the reply to the command that caused it, so that everything is
// there before the answer to a PING.
func (r *Runner) events(p *pair, step int) error {
	token := "end of step " + strconv.Itoa(step)
	redis, err := heard(p.redis, token)
	if err != nil {
		return fmt.Errorf("redis: events: %w", err)
	}
	ours, err := heard(p.ours, token)
	if err != nil {
		return fmt.Errorf("ours: events: %w", err)
	}
	if !redis.Equal(ours) {
		return &Mismatch{fmt.Sprintf("messages of step %d", step), redis, ours}
	}
	return nil
}

func heard(c *Conn, token string) (Reply, error) {
	if err := c.Send("PING", token); err != nil {
		return Reply{}, err
	}
	out := Reply{Kind: Array}
	for {
		m, err := c.Receive()
		if err != nil {
			return out, err
		}
		if slices.ContainsFunc(m.Elems, func(e Reply) bool { return e.Text == token }) {
			return out, nil
		}
		out.Elems = append(out.Elems, m)
	}
}

// state compares all keys of all databases.
func (r *Runner) state() error {
	p, err := r.dial()
	if err != nil {
		return err
	}
	defer p.close()
	readers := make(map[string]Reader)
	for _, f := range r.Families {
		for name, reader := range f.Readers {
			readers[name] = reader
		}
	}
	for db := range 16 {
		number := strconv.Itoa(db)
		if err := r.setup(p, "SELECT", number); err != nil {
			return err
		}
		redis, ours, err := p.both("KEYS", "*")
		if err != nil {
			return err
		}
		if !Unordered(redis, ours) {
			return &Mismatch{"keys of database " + number + " at the end", redis.Sorted(), ours.Sorted()}
		}
		for _, k := range redis.Elems {
			if err := r.key(p, number, k.Text, readers); err != nil {
				return err
			}
		}
	}
	return nil
}

// key compares one key: its type, its time to live, its value.
func (r *Runner) key(p *pair, db, key string, readers map[string]Reader) error {
	typ, ours, err := p.both("TYPE", key)
	if err != nil {
		return err
	}
	if !typ.Equal(ours) {
		return &Mismatch{fmt.Sprintf("type of %q in database %s at the end", key, db), typ, ours}
	}
	reader, ok := readers[typ.Text]
	if !ok {
		return fmt.Errorf("no family has a reader for the type %q", typ.Text)
	}
	for _, read := range []struct {
		what    string
		args    []string
		compare Compare
	}{
		{"time to live", []string{"PTTL", key}, Millis},
		{"value", reader.args(key), reader.Compare},
	} {
		redis, ours, err := p.both(read.args...)
		if err != nil {
			return err
		}
		c := Command{Compare: read.compare}
		if !c.compare(redis, ours) {
			return &Mismatch{fmt.Sprintf("%s of %q in database %s at the end", read.what, key, db), redis, ours}
		}
	}
	return nil
}
