package difftest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var tableRow = regexp.MustCompile(`(?m)^\| ([A-Z][A-Z0-9_ -]*) \| (yes|partly|no) \| (.*) \|$`)

// docs/redis.md has every command of redis-server, and says of each what is so.
func TestDocumentedCommands(t *testing.T) {
	text, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for _, m := range tableRow.FindAllStringSubmatch(string(text), -1) {
		if rows[m[1]] != "" {
			t.Errorf("%s stands in the table twice", m[1])
		}
		rows[m[1]] = m[2]
		if m[2] == "partly" && strings.TrimSpace(m[3]) == "" {
			t.Errorf("%s is partly there, and the table does not say what differs", m[1])
		}
	}
	real := redis(t)
	theirs, mine := commandList(t, real.Addr), commandList(t, ours(t))
	for name := range theirs {
		if rows[name] == "" {
			t.Errorf("%s is missing in docs/redis.md", name)
		}
	}
	for name, is := range rows {
		switch {
		case is == "no" && mine[name]:
			t.Errorf("docs/redis.md says no to %s, which the server has: say yes, or partly and what differs", name)
		case is != "no" && !mine[name]:
			t.Errorf("docs/redis.md says %s to %s, which the server lacks", is, name)
		}
	}
	for name := range mine {
		if rows[name] == "" && !strings.HasPrefix(name, "DEBUG ") && !strings.HasSuffix(name, " HELP") {
			t.Errorf("the server has %s, and docs/redis.md does not name it", name)
		}
	}
	t.Logf("%d commands and subcommands of %s, %d here", len(theirs), real.Version, len(mine))
}

func commandList(t *testing.T, addr string) map[string]bool {
	t.Helper()
	c, err := Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Do("COMMAND", "LIST")
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]bool)
	for _, e := range r.Elems {
		out[strings.ToUpper(strings.ReplaceAll(e.Text, "|", " "))] = true
	}
	return out
}
