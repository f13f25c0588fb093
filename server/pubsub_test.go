package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

func TestPubSub(t *testing.T) {
	s := newServer(t)
	sub, sub3, pub := dial(t, s), dial(t, s), dial(t, s)
	sub.want("subscribe news", `["subscribe" "news" 1]`, "psubscribe n*", `["psubscribe" "n*" 2]`)
	sub3.do("hello", "3")
	sub3.want("subscribe news", `>["subscribe" "news" 1]`, "get none", "nil")
	pub.want("publish news hello", "3", "publish nothing x", "1", "publish other x", "0",
		"pubsub numsub news other", `["news" 2 "other" 0]`, "pubsub numpat", "1", "pubsub channels", `["news"]`)
	for _, want := range []string{`["message" "news" "hello"]`, `["pmessage" "n*" "news" "hello"]`, `["pmessage" "n*" "nothing" "x"]`} {
		if got := sub.reply(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := sub3.reply(); got != `>["message" "news" "hello"]` {
		t.Error(got)
	}
	// In RESP2 a listener may not ask anything else.
	sub.want("get a", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
		"ping", `["pong" ""]`, "unsubscribe", `["unsubscribe" "news" 1]`, "punsubscribe n*", `["punsubscribe" "n*" 0]`,
		"unsubscribe", `["unsubscribe" nil 0]`, "get a", "nil")
	pub.want("publish news again", "1")
	// Who goes is forgotten.
	_ = sub3.nc.Close()
	for pub.do("pubsub", "numsub", "news") != `["news" 0]` {
	}
}

// A message comes behind the confirmation of the subscription that it is for,
// whenever it is published.
func TestConfirmationFirst(t *testing.T) {
	s := newServer(t)
	pub := dial(t, s)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				pub.do("publish", "c", "x")
			}
		}
	}()
	for range 200 {
		c := dial(t, s)
		c.send("subscribe", "c")
		if got := c.reply(); got != `["subscribe" "c" 1]` {
			t.Fatal(got)
		}
		c.send("unsubscribe", "c")
		for {
			if got := c.reply(); got == `["unsubscribe" "c" 0]` {
				break
			} else if got != `["message" "c" "x"]` {
				t.Fatal(got)
			}
		}
		c.want("ping", "PONG")
		_ = c.nc.Close()
	}
	close(stop)
	<-done
}

// What a transaction publishes comes in its place among the transaction's events,
// and when the transaction is done.
func TestPublishInTransaction(t *testing.T) {
	s := newServer(t)
	sub, c := dial(t, s), dial(t, s)
	c.want("config set notify-keyspace-events KA", "OK")
	sub.want("psubscribe *", `["psubscribe" "*" 1]`)
	c.want("multi", "OK", "set a 1", "QUEUED", "publish p hello", "QUEUED", "del a", "QUEUED", "exec", `[OK 1 1]`)
	for _, want := range []string{`"__keyspace@0__:a" "set"`, `"p" "hello"`, `"__keyspace@0__:a" "del"`} {
		if got := sub.reply(); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	// And behind what its connection has written, though that waits for the disk.
	c.sendAll("set b 1", "publish p after")
	c.reply()
	c.reply()
	if got := sub.reply(); !strings.Contains(got, `"__keyspace@0__:b" "set"`) {
		t.Error(got)
	}
	if got := sub.reply(); !strings.Contains(got, `"p" "after"`) {
		t.Error(got)
	}
}

// A subscriber that does not read is cut off; others go on, and memory is bounded.
func TestSlowSubscriber(t *testing.T) {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := serveDB(t, db, Options{PubSubLimit: OutputLimit{Hard: 1 << 20}})
	slow, pub := dial(t, s), dial(t, s)
	slow.want("subscribe c", `["subscribe" "c" 1]`)
	big := strings.Repeat("x", 100<<10)
	sent := 0
	for pub.do("publish", "c", big) == "1" {
		if sent += len(big); sent > 20<<20 {
			t.Fatal("20 MiB wait for a subscriber that does not read")
		}
	}
	if n := s.Counters().OutputClosed; n != 1 {
		t.Errorf("%d connections cut off", n)
	}
}

func TestEventLetters(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"", ""}, {"KEA", "AKE"}, {"Ex", "xE"}, {"g$K", "g$K"}, {"KEAm", "AKEm"}, {"Kg$lshzxetd", "AK"}, {"nE", "nE"},
	} {
		k, ok := parseEvents(c.in)
		if !ok || k.String() != c.out {
			t.Errorf("%q: %q %t, want %q", c.in, k.String(), ok, c.out)
		}
	}
	if _, ok := parseEvents("KEQ"); ok {
		t.Error("Q is no letter")
	}
}

func TestClientList(t *testing.T) {
	s := newServer(t)
	a, b := dial(t, s), dial(t, s)
	a.want("client setname first", "OK", "select 3", "OK")
	b.want("client setname second", "OK", "multi", "OK", "ping", "QUEUED")
	list := a.do("client", "list")
	for _, want := range []string{"name=first", "db=3", "cmd=client|list", "name=second", "multi=1", "flags=x"} {
		if !strings.Contains(list, want) {
			t.Errorf("no %s in %s", want, list)
		}
	}
	b.want("discard", "OK")
	id := b.do("client", "id")
	a.want("client kill id "+id, "1", "client kill id "+id, "0")
	if _, err := b.rd.ReadByte(); err == nil {
		t.Error("a killed connection goes on")
	}
}

func TestSlowlogAndConfig(t *testing.T) {
	c := dial(t, newServer(t))
	c.want("config set slowlog-log-slower-than 0 slowlog-max-len 3", "OK", "set a 1", "OK", "auth secret", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
	list := c.do("slowlog", "get", "-1")
	if !strings.Contains(list, `["set" "a" "1"]`) || strings.Contains(list, "secret") || !strings.Contains(list, "(redacted)") {
		t.Error(list)
	}
	c.want("ping", "PONG", "ping", "PONG", "slowlog len", "3", "slowlog reset", "OK",
		"config set timeout 5 databases 3", "-ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config",
		"config get timeout", `["timeout" "0"]`, // nothing of it was set
		"config set timeout 5 maxclients x", "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be parsed into an integer",
		"config get timeout", `["timeout" "0"]`)
}

// Every section that exporters read is there, and every line of it is one.
func TestInfo(t *testing.T) {
	s := newServer(t)
	c := dial(t, s)
	c.want("set a 1", "OK", "set b 1 ex 100", "OK", "get a", `"1"`, "mget a none", `["1" nil]`, "hget none f", "nil")
	text := c.do("info", "everything")
	for _, want := range []string{
		"redis_version:", "process_id:", "uptime_in_seconds:", "connected_clients:1", "used_memory:", "used_memory_rss:", "maxmemory:0",
		"aof_enabled:1", "aof_last_write_status:ok", "total_commands_processed:", "role:master", "used_cpu_sys:", "cmdstat_set:calls=2",
		"db0:keys=2,expires=1", "cluster_enabled:0", "expired_keys:0", "keyspace_hits:2", "keyspace_misses:2",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, name := range []string{"server", "clients", "memory", "persistence", "stats", "replication", "cpu", "keyspace"} {
		if !strings.Contains(strings.ToLower(c.do("info", name)), "# "+name) {
			t.Errorf("no section %s", name)
		}
	}
	if got := c.do("info", "nonsense"); got != `""` {
		t.Error(got)
	}
}

func TestHelpNamesEverySubcommand(t *testing.T) {
	s := newServer(t)
	c := dial(t, s)
	for _, cmd := range s.table.all {
		if len(cmd.Subs) == 0 || cmd.sub([]byte("help")) == nil {
			continue
		}
		text := c.do(cmd.Name, "help")
		for _, sub := range cmd.Subs {
			if !slices.Contains(strings.Fields(text), upper(sub.Name)) && !strings.Contains(text, upper(sub.Name)) {
				t.Errorf("%s HELP does not name %s", cmd.Name, sub.Name)
			}
		}
	}
	c.want("client nonsense", "-ERR unknown subcommand 'nonsense'. Try CLIENT HELP.", "client", fmt.Sprintf("-%s", wrongArity(s.table.byName["client"])))
}
