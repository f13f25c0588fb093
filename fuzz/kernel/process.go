package kernel

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"sync/atomic"
	"time"
)

// process is a running child.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  chan line // closed when the child has said all
	bad   error     // a line that made no sense; valid when said is closed
	lines []line    // all that it has said
	heard heard     // what that comes to
}

func (p *process) add(l line) {
	p.lines = append(p.lines, l)
	p.heard.add(l)
}

// before is what the child had said by then.
func (p *process) before(t time.Time) *heard {
	var h heard
	for _, l := range p.lines {
		if l.at < t.UnixNano() {
			h.add(l)
		}
	}
	return &h
}

// start starts a child and tells it its configuration.
func start(cmd *exec.Cmd, c *Config) (*process, error) {
	p := &process{cmd: cmd, said: make(chan line, 64)}
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// A child that is dead already does not read; its end is seen below.
	p.stdin.Write(append(b, '\n'))
	go func() {
		defer close(p.said)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			l, err := parseLine(s.Text())
			if err != nil {
				// The last line of a killed child may be torn; whatever follows
				// shows that this one was not it.
				p.bad = err
				continue
			}
			p.said <- l
		}
	}()
	return p, nil
}

// listen takes what the child says until it has said acks acknowledgements and
// the time has passed after that, or has ended.
func (p *process) listen(acks uint64, after time.Duration) (ended bool) {
	for p.heard.acks < acks {
		l, ok := <-p.said
		if !ok {
			return true
		}
		p.add(l)
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	for {
		select {
		case l, ok := <-p.said:
			if !ok {
				return true
			}
			p.add(l)
		case <-timer.C:
			return false
		}
	}
}

// kill ends the child as kill -9 does.
func (p *process) kill() { p.cmd.Process.Kill() }

// end takes the rest of what the child says and waits for its end; when that
// takes longer than patience, the child is killed and hung is true. The exit
// code is -1 when a signal ended the child.
func (p *process) end(patience time.Duration) (code int, hung bool, err error) {
	var late atomic.Bool
	timer := time.AfterFunc(patience, func() {
		late.Store(true)
		p.kill()
	})
	defer timer.Stop()
	for l := range p.said {
		p.add(l)
	}
	err = p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return p.cmd.ProcessState.ExitCode(), late.Load(), err
}
