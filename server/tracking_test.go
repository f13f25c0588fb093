package server

import (
	"fmt"
	"testing"
)

// heard reads what has come in front of the answer to a PING.
func (c *client) heard() (out []string) {
	c.t.Helper()
	c.send("ping")
	for {
		r := c.reply()
		if r == "PONG" || r == `["pong" ""]` {
			return out
		}
		out = append(out, r)
	}
}

func (c *client) wantHeard(want ...string) {
	c.t.Helper()
	if got := c.heard(); fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Fatalf("heard %v, want %v", got, want)
	}
}

func tracker(t *testing.T, s *Server, args ...string) *client {
	c := dial(t, s)
	c.do("hello", "3")
	if got := c.do(append([]string{"client", "tracking", "on"}, args...)...); got != "OK" {
		t.Fatal(got)
	}
	return c
}

func TestTracking(t *testing.T) {
	s := newServer(t)
	w, c := dial(t, s), tracker(t, s)
	w.want("set a 1", "OK", "set b 1", "OK")
	c.wantHeard()
	c.want("mget a b none", `["1" "1" nil]`)
	w.want("set a 2", "OK", "set a 3", "OK", "lpush none x", "1", "set other 1", "OK")
	c.wantHeard(`>["invalidate" ["a"]]`, `>["invalidate" ["none"]]`) // once, until it reads again
	c.want("get a", `"3"`, "multi", "OK", "get b", "QUEUED", "exec", `["1"]`)
	w.want("mset b 2 a 4", "OK")
	c.wantHeard(`>["invalidate" ["b"]]`, `>["invalidate" ["a"]]`)
	c.want("get a", `"4"`, "set a 5", "OK") // its own change: behind the reply
	c.wantHeard(`>["invalidate" ["a"]]`)
	w.want("flushdb", "OK")
	c.wantHeard(`>["invalidate" nil]`)
	c.want("get a", "nil", "client tracking off", "OK", "client getredir", "-1")
	w.want("set a 1", "OK")
	c.wantHeard()
}

func TestTrackingModes(t *testing.T) {
	s := newServer(t)
	w := dial(t, s)
	loop := tracker(t, s, "noloop")
	loop.want("get a", "nil", "set a 1", "OK")
	loop.wantHeard()
	loop.want("get a", `"1"`)
	w.want("set a 2", "OK")
	loop.wantHeard(`>["invalidate" ["a"]]`)

	in := tracker(t, s, "optin")
	in.want("get a", `"2"`, "client caching yes", "OK", "get b", "nil", "get c", "nil")
	w.want("mset a 3 b 3 c 3", "OK")
	in.wantHeard(`>["invalidate" ["b"]]`)
	in.want("client caching yes", "OK", "multi", "OK", "get a", "QUEUED", "get b", "QUEUED", "exec", `["3" "3"]`, "get c", `"3"`)
	w.want("mset a 4 b 4 c 4", "OK")
	in.wantHeard(`>["invalidate" ["a"]]`, `>["invalidate" ["b"]]`)

	out := tracker(t, s, "optout")
	out.want("get a", `"4"`, "client caching no", "OK", "get b", `"4"`)
	w.want("mset a 5 b 5", "OK")
	out.wantHeard(`>["invalidate" ["a"]]`)

	all, some := tracker(t, s, "bcast"), tracker(t, s, "bcast", "prefix", "user:", "prefix", "b")
	w.want("mset user:2 x user:1 x z x b x", "OK", "del nothing", "0")
	all.wantHeard(`>["invalidate" ["b" "user:1" "user:2" "z"]]`)
	some.wantHeard(`>["invalidate" ["b"]]`, `>["invalidate" ["user:1" "user:2"]]`) // one for each prefix, in their order
	w.want("set user:1 y", "OK")
	some.wantHeard(`>["invalidate" ["user:1"]]`)
	some.want("client tracking on bcast prefix user:7", "-ERR Prefix 'user:7' overlaps with an existing prefix 'user:'. Prefixes for a single client must not overlap.")
}

func TestTrackingRedirect(t *testing.T) {
	s := newServer(t)
	w, ear := dial(t, s), dial(t, s)
	id := ear.do("client", "id")
	ear.do("subscribe", invalidateChannel)
	c := dial(t, s) // in RESP2
	c.want("client tracking on redirect "+id, "OK", "get a", "nil", "client getredir", id)
	w.want("set a 1", "OK")
	ear.wantHeard(`["message" "__redis__:invalidate" ["a"]]`)
	w.want("flushall", "OK")
	ear.wantHeard(`["message" "__redis__:invalidate" nil]`)
	c.do("hello", "3")
	c.want("get a", "nil")
	ear.want("quit", "OK")
	_, _ = ear.rd.ReadByte() // it is closed, and soon not there any more
	for {
		w.want("set a 1", "OK")
		if got := c.heard(); len(got) > 0 {
			if want := `>["tracking-redir-broken" ` + id + `]`; got[0] != want {
				t.Fatalf("heard %v, want %s", got, want)
			}
			break
		}
		c.do("get", "a")
	}
	c.want("client tracking on redirect 999", "-ERR The client ID you want redirect to does not exist")
}

// Beyond the bound a key is forgotten, and who may have it is told so.
func TestTrackingTableIsBounded(t *testing.T) {
	s := newServer(t)
	c := tracker(t, s)
	c.want("config set tracking-table-max-keys 10", "OK")
	for i := range 50 {
		c.send("get", fmt.Sprint("key", i))
		if got := c.reply(); i < 10 && got != "nil" {
			t.Fatal(got)
		} else if i >= 10 && got != "nil" {
			// a message first, then the reply
			c.reply()
		}
	}
	c.heard()
	if keys, items, _ := s.tracking.size(); keys != 10 || items != 10 {
		t.Errorf("%d keys, %d items", keys, items)
	}
	c.want("client trackinginfo", `{"flags" ~["on"] "redirect" 0 "prefixes" []}`)
	c.want("reset", "RESET")
	if n := s.post.trackers.Load(); n != 0 {
		t.Errorf("%d trackers", n)
	}
}

func TestTrackingErrors(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"client caching yes", "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
		"client tracking maybe", "-ERR syntax error",
		"client tracking on prefix a", "-ERR PREFIX option requires BCAST mode to be enabled",
		"client tracking on bcast optin", "-ERR OPTIN and OPTOUT are not compatible with BCAST",
		"client tracking on optin optout", "-ERR You can't specify both OPTIN mode and OPTOUT mode",
		"client tracking on bcast prefix ab prefix a", "-ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single client must not overlap.",
		"client tracking on optin", "OK",
		"client tracking on bcast", "-ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
		"client tracking on optout", "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
		"client caching no", "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
		"client caching maybe", "-ERR syntax error",
		"client tracking off", "OK",
	)
}
