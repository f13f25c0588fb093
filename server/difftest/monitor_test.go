package difftest

import (
	"regexp"
	"strings"
	"testing"
)

var monitorStamp = regexp.MustCompile(`^[0-9]+\.[0-9]{6} \[([0-9]+) 127\.0\.0\.1:[0-9]+\] `)

// monitored is what a monitor is shown of some commands of one connection, without
// times and ports.
func monitored(t *testing.T, addr string, commands [][]string) (lines []string) {
	t.Helper()
	m, err := Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if r, err := m.Do("MONITOR"); err != nil || r.Text != "OK" {
		t.Fatal(r, err)
	}
	c, err := Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, args := range commands {
		if _, err := c.Do(args...); err != nil {
			t.Fatal(args, err)
		}
	}
	if _, err := c.Do("PING", "the last"); err != nil {
		t.Fatal(err)
	}
	for {
		r, err := m.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if !monitorStamp.MatchString(r.Text) {
			t.Fatalf("not a line of MONITOR: %v", r)
		}
		line := monitorStamp.ReplaceAllString(r.Text, "$1 ")
		if strings.Contains(line, "the last") {
			return lines
		}
		lines = append(lines, line)
	}
}

// A monitor is shown the same by both servers.
func TestMonitor(t *testing.T) {
	var commands [][]string
	for _, line := range []string{
		"SET k v", "get k", "GET", "nosuch a", "MULTI", "SET a 1", "BLPOP q 1", "GET a", "EXEC", "MULTI", "MONITOR", "EXEC",
		"MULTI", "SET a b", "nosuch", "EXEC", "MULTI", "SET a b", "DISCARD", "DISCARD", "WATCH k", "UNWATCH",
		"AUTH x", "AUTH default x", "HELLO 3 AUTH default x SETNAME me", "HELLO 2", "HELLO 9", "AUTH",
		"CONFIG GET save", "CONFIG SET timeout 0", "CONFIG NONSENSE", "SLOWLOG LEN", "LATENCY LATEST", "ACL WHOAMI", "ACL USERS",
		"CLIENT LIST", "CLIENT SETNAME x", "CLIENT GETNAME", "CLIENT ID", "CLIENT KILL ID 99999", "CLIENT NO-EVICT on", "CLIENT INFO",
		"CLIENT REPLY on", "CLIENT PAUSE 0", "CLIENT UNPAUSE", "CLIENT TRACKING off", "CLIENT GETREDIR", "CLIENT UNBLOCK 99999",
		"COMMAND COUNT", "COMMAND INFO get", "INFO server", "DBSIZE", "LASTSAVE", "SAVE", "WAIT 0 1", "TIME", "ROLE",
		"MEMORY USAGE k", "MEMORY DOCTOR", "OBJECT ENCODING k", "SCRIPT EXISTS x", "FUNCTION LIST", "PUBLISH a b", "PUBSUB CHANNELS", "ECHO x",
		"SELECT 3", "GET k", "SETEX k 0 v", "LPUSH q a b", "BLPOP q 0", "HSET h f v", "INCR h", "ZADD z 1 a", "SWAPDB 3 4", "FLUSHDB", "FLUSHALL", "RESET", "SELECT 99",
	} {
		commands = append(commands, strings.Fields(line))
	}
	commands = append(commands, []string{"SET", "", "\x00\x01\r\n\t\a\b\"\\'\x7f\x80\xffäz "}, []string{"ECHO", strings.Repeat("long ", 10_000)})
	theirs, mine := monitored(t, redis(t).Addr, commands), monitored(t, ours(t), commands)
	for i := range max(len(theirs), len(mine)) {
		switch {
		case i >= len(theirs):
			t.Errorf("shown here, and not by Redis: %.200s", mine[i])
		case i >= len(mine):
			t.Errorf("shown by Redis, and not here: %.200s", theirs[i])
		case theirs[i] != mine[i]:
			t.Fatalf("line %d: Redis %.200s\n here %.200s", i, theirs[max(0, i-2):i+2], mine[max(0, i-2):i+2])
		}
	}
}

// A monitor is shown the same commands: those that are not an operator's.
func TestMonitorHidesTheSameCommands(t *testing.T) {
	hidden := func(addr, name string) bool {
		c, err := Dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		r, err := c.Do("COMMAND", "INFO", strings.ReplaceAll(name, " ", "|"))
		if err != nil || len(r.Elems) != 1 || len(r.Elems[0].Elems) < 3 {
			t.Fatal(name, r, err)
		}
		for _, flag := range r.Elems[0].Elems[2].Elems {
			if flag.Text == "admin" || flag.Text == "skip_monitor" {
				return true
			}
		}
		return false
	}
	theirs, mine := redis(t).Addr, ours(t)
	known := commandList(t, theirs)
	for name := range commandList(t, mine) {
		if known[name] && hidden(theirs, name) != hidden(mine, name) {
			t.Errorf("%s: hidden by Redis %v, here %v", name, hidden(theirs, name), hidden(mine, name))
		}
	}
}
