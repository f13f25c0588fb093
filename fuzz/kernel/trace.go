package kernel

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// A call is one system call as strace saw it. Entry and Exit number the lines
// of the trace on which it began and ended: what one call's exit precedes,
// another's entry cannot have been without.
type call struct {
	PID         int
	Name        string
	Args        string
	Ret         int64
	Err         string // "EIO"; empty when it succeeded
	Injected    bool
	Entry, Exit int
	Done        bool // it returned; false for the call in which a process was killed
}

func (c *call) String() string {
	s := fmt.Sprintf("%d: %s(%s)", c.Entry, c.Name, c.Args)
	if !c.Done {
		return s + " never returned"
	}
	s += fmt.Sprintf(" = %d %s", c.Ret, c.Err)
	if c.Injected {
		s += " (injected)"
	}
	return s
}

// ok says that the call returned without an error.
func (c *call) ok() bool { return c.Done && c.Err == "" }

var (
	fdPath = regexp.MustCompile(`^-?\d+<([^>]*)>`)
	atPath = regexp.MustCompile(`(?:AT_FDCWD|\d+)(?:<([^>]*)>)?, "((?:[^"\\]|\\.)*)"`)
	quoted = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

// file is the path behind the descriptor that is the first argument.
func (c *call) file() string {
	if m := fdPath.FindStringSubmatch(c.Args); m != nil {
		return mountless(m[1])
	}
	return ""
}

var mount = regexp.MustCompile(`^/proc/\d+/fd/\d+`)

// mountless is the path without the way to a file system that is mounted nowhere
// (package loopfs): the kernel leaves that out where it says what a descriptor is.
func mountless(path string) string { return mount.ReplaceAllString(path, "") }

// paths are the names that the call was given.
func (c *call) paths() []string {
	var names []string
	if strings.HasSuffix(c.Name, "at") || c.Name == "renameat2" {
		for _, m := range atPath.FindAllStringSubmatch(c.Args, -1) {
			name := m[2]
			if !strings.HasPrefix(name, "/") && m[1] != "" {
				name = m[1] + "/" + name
			}
			names = append(names, mountless(name))
		}
		return names
	}
	for _, m := range quoted.FindAllStringSubmatch(c.Args, -1) {
		names = append(names, mountless(m[1]))
	}
	return names
}

// text is the first quoted argument.
func (c *call) text() string {
	if m := quoted.FindStringSubmatch(c.Args); m != nil {
		if s, err := strconv.Unquote(`"` + m[1] + `"`); err == nil {
			return s
		}
		return m[1]
	}
	return ""
}

// writesZeros reports whether a write begins with zeros, as what fills a segment
// ahead does and no frame, which begins with its magic.
func (c *call) writesZeros() bool {
	m := quoted.FindStringSubmatch(c.Args)
	return c.Name == "pwrite64" && m != nil && strings.HasPrefix(m[1], `\0\0\0\0`)
}

// readTrace reads what strace -f -y -o wrote.
func readTrace(r io.Reader) ([]*call, error) {
	var calls []*call
	open := map[int]*call{} // by thread: the call that has not returned yet
	s := bufio.NewScanner(r)
	s.Buffer(nil, 16<<20)
	for n := 1; s.Scan(); n++ {
		pidText, rest, ok := strings.Cut(s.Text(), " ")
		pid, err := strconv.Atoi(pidText)
		if !ok || err != nil {
			return nil, fmt.Errorf("trace line %d: no process ID: %q", n, s.Text())
		}
		rest = strings.TrimLeft(rest, " ")
		switch {
		case strings.HasPrefix(rest, "+++"), strings.HasPrefix(rest, "---"):
			continue // an end, a signal
		case strings.HasSuffix(rest, "<detached ...>"):
			// The thread was killed while strace was about to say what the call, or
			// its result, is ("???(" when it could not ask any more): it never returned.
			if !strings.HasPrefix(rest, "<... ") && !strings.HasPrefix(rest, "???") {
				name, args, _ := strings.Cut(rest, "(")
				args = strings.TrimRight(strings.TrimSuffix(args, "<detached ...>"), " ")
				calls = append(calls, &call{PID: pid, Name: name, Args: args, Entry: n})
			}
			delete(open, pid)
			continue
		case strings.HasPrefix(rest, "<... "):
			c := open[pid]
			_, tail, ok := strings.Cut(rest, " resumed>")
			if c == nil || !ok {
				return nil, fmt.Errorf("trace line %d: resumes nothing: %q", n, s.Text())
			}
			delete(open, pid)
			if err := c.finish(tail, n); err != nil {
				return nil, fmt.Errorf("trace line %d: %w: %q", n, err, s.Text())
			}
			continue
		}
		name, args, ok := strings.Cut(rest, "(")
		if !ok {
			return nil, fmt.Errorf("trace line %d: no call: %q", n, s.Text())
		}
		c := &call{PID: pid, Name: name, Entry: n}
		calls = append(calls, c)
		if before, ok := strings.CutSuffix(args, " <unfinished ...>"); ok {
			c.Args = before
			open[pid] = c
			continue
		}
		if err := c.finish(args, n); err != nil {
			return nil, fmt.Errorf("trace line %d: %w: %q", n, err, s.Text())
		}
	}
	return calls, s.Err()
}

var result = regexp.MustCompile(`^(.*)\)\s+= (-?\d+|0x[0-9a-f]+|\?)(<[^>]*>)?(?: ([A-Z][A-Z0-9]+) \([^)]*\))?((?: \([^)]*\))*)$`)

// finish takes the end of a call: the rest of its arguments and its result.
func (c *call) finish(tail string, n int) error {
	m := result.FindStringSubmatch(tail)
	if m == nil {
		return fmt.Errorf("no result")
	}
	c.Args += m[1]
	c.Exit = n
	if m[2] == "?" {
		return nil // the process ended in it
	}
	c.Done = true
	c.Ret, _ = strconv.ParseInt(m[2], 0, 64)
	c.Err = m[4]
	c.Injected = strings.Contains(m[5], "INJECTED")
	return nil
}
