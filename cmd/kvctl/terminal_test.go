package main

import (
	"strings"
	"testing"
)

// On a terminal tables have a header, are aligned and fit; elsewhere they are
// tab-separated and whole.
func TestTablesKnowATerminal(t *testing.T) {
	c := newConsole(t)
	c.ok("set", "k", strings.Repeat("long ", 50)+"end")
	c.ok("set", "another/key", "tab\tand \x1b[31mred")
	if got, want := c.ok("scan", "--limit", "1"), "another/key\t\"tab\\tand \\x1b[31mred\"\n"; got != want {
		t.Errorf("in a pipe: %q, want %q", got, want)
	}
	c.width = 40
	c.env = map[string]string{"NO_COLOR": "1"}
	got := c.ok("scan")
	want := "KEY          VALUE\n" +
		"another/key  \"tab\\tand \\x1b[31mred\"\n" +
		"k            long long long long long l…\n"
	if got != want {
		t.Errorf("on a terminal:\n%swant:\n%s", got, want)
	}
}

func TestColour(t *testing.T) {
	c := newConsole(t)
	c.ok("set", "k", "v")
	for _, x := range []struct {
		name  string
		width int
		env   map[string]string
		args  []string
		want  bool
	}{
		{"pipe", 0, nil, nil, false},
		{"terminal", 80, nil, nil, true},
		{"NO_COLOR", 80, map[string]string{"NO_COLOR": "1"}, nil, false},
		{"dumb", 80, map[string]string{"TERM": "dumb"}, nil, false},
		{"never", 80, nil, []string{"--color", "never"}, false},
		{"always in a pipe", 0, nil, []string{"--color", "always"}, false}, // a table in a pipe has nothing to colour
		{"always", 80, map[string]string{"NO_COLOR": "1"}, []string{"--color", "always"}, true},
	} {
		c.width, c.env = x.width, x.env
		if got := strings.Contains(c.ok(append([]string{"scan"}, x.args...)...), "\x1b["); got != x.want {
			t.Errorf("%s: coloured %v, want %v", x.name, got, x.want)
		}
	}
}

// What a value holds does not reach a terminal's ear.
func TestGetShieldsATerminal(t *testing.T) {
	c := newConsole(t)
	for _, x := range []struct{ value, terminal string }{
		{"plain text\nin two lines", "plain text\nin two lines\n"},
		{"clear \x1b[2J screen", `"clear \x1b[2J screen"` + "\n"},
		{"\u009b2J", `"\u009b2J"` + "\n"},
		{"\xff", `"\xff"` + "\n"},
	} {
		c.stdin = strings.NewReader(x.value)
		c.ok("set", "k", "--file", "-")
		c.width = 80
		if got := c.ok("get", "k"); got != x.terminal {
			t.Errorf("on a terminal: %q, want %q", got, x.terminal)
		}
		if got := c.ok("get", "k", "--raw"); got != x.value {
			t.Errorf("raw on a terminal: %q, want %q", got, x.value)
		}
		c.width = 0
		if got := c.ok("get", "k"); got != x.value+"\n" {
			t.Errorf("in a pipe: %q, want %q", got, x.value+"\n")
		}
	}
}
