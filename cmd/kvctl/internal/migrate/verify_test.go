package migrate

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// open returns two clients of a new server over an empty store.
func open(t *testing.T, name string) (c, other *Client) {
	t.Helper()
	db, err := engine.Open("/db", &engine.Options{FS: memfs.New(), SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(db, server.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	clients := make([]*Client, 2)
	for i := range clients {
		ours, theirs := net.Pipe()
		go s.ServeConn(theirs)
		if clients[i], err = NewClient(t.Context(), name, ours, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, c := range clients {
			c.Close()
		}
		if err := s.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		db.Close()
	})
	return clients[0], clients[1]
}

func do(t *testing.T, c *Client, args ...string) {
	t.Helper()
	if err := c.Must(args...); err != nil {
		t.Fatal(err)
	}
}

func fill(t *testing.T, c *Client) {
	do(t, c, "SET", "s", "v", "PXAT", "4102444800000")
	do(t, c, "RPUSH", "l", "a", "b")
	do(t, c, "SADD", "set", "ab", "c")
	do(t, c, "HSET", "h", "f", "v", "fv", "")
	do(t, c, "ZADD", "z", "1", "a", "2", "b")
	for i := range 3 * maxSmall {
		n := fmt.Sprint(i)
		do(t, c, "RPUSH", "L", n)
		do(t, c, "SADD", "SET", n)
		do(t, c, "HSET", "H", n, n)
		do(t, c, "ZADD", "Z", n, n)
	}
}

// Whatever happens to one key of the target between the copy and the comparison is
// found, and nothing else is.
func TestVerifyFinds(t *testing.T) {
	from, _ := open(t, "source")
	fill(t, from)
	to, by := open(t, "target")
	m := &move{from: from, to: to, rep: newReport()}
	if err := m.copyDatabase(); err != nil {
		t.Fatal(err)
	}
	check := func(want string) {
		t.Helper()
		m.rep = newReport()
		if err := m.verifyDatabase(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, k := range m.rep.Missing.First {
			got = append(got, string(k.Key)+": missing")
		}
		for _, k := range m.rep.Different.First {
			got = append(got, string(k.Key)+": "+k.Why)
		}
		if slices.Sort(got); want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []string{want}) {
			t.Errorf("found %q, want %q", got, want)
		}
		differ := 0
		for _, r := range m.rep.Types {
			if r.Source != r.Target {
				differ++
			}
		}
		if wrong := want != "" && want != "s: another deadline"; differ > 1 || wrong != (differ == 1) {
			t.Errorf("%s: the digests of %d types differ", want, differ)
		}
	}
	check("")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"s: another value", []string{"SET", "s", "w", "PXAT", "4102444800000"}},
		{"s: another deadline", []string{"PEXPIREAT", "s", "4102444800001"}},
		{"s: another deadline", []string{"PERSIST", "s"}},
		{"s: missing", []string{"DEL", "s"}},
		{"l: another value", []string{"LMOVE", "l", "l", "LEFT", "RIGHT"}},
		{"l: another value", []string{"LSET", "l", "0", "ab"}},
		{"set: another value", []string{"SREM", "set", "c"}},
		{"SET: another value", []string{"SADD", "SET", "more"}},
		{"h: another value", []string{"HSET", "h", "f", "w"}},
		{"z: another value", []string{"ZADD", "z", "1.0000000000000002", "a"}},
		{"L: another value", []string{"LMOVE", "L", "L", "LEFT", "RIGHT"}},
		{"H: another value", []string{"HSET", "H", "700", "7000"}},
		{"Z: another value", []string{"ZADD", "Z", "701", "700"}},
		{"Z: another value", []string{"ZREM", "Z", "700"}},
		{"L: missing", []string{"DEL", "L"}},
	} {
		do(t, by, c.args...)
		check(c.want)
		// Another run mends it, and writes nothing else.
		m.rep = newReport()
		if err := m.copyDatabase(); err != nil {
			t.Fatal(err)
		}
		if m.rep.Copied != 1 {
			t.Errorf("%q: %d keys written", c.args, m.rep.Copied)
		}
		check("")
	}

	do(t, by, "DEL", "H")
	do(t, by, "SET", "H", "v")
	m.rep = newReport()
	if err := m.verifyDatabase(); err != nil {
		t.Fatal(err)
	}
	if d := m.rep.Different; d.Count != 1 || d.First[0].Why != "a string, not a hash" {
		t.Errorf("%+v", d)
	}
	do(t, by, "SET", "more", "v")
	if err := m.copyDatabase(); err != nil {
		t.Fatal(err)
	}
	check("")
	if m.rep.Others != 1 {
		t.Errorf("%d keys more", m.rep.Others)
	}
}

// An unfinished copy of the target goes away; one of the source is not copied.
func TestUnfinished(t *testing.T) {
	from, _ := open(t, "source")
	fill(t, from)
	to, by := open(t, "target")
	do(t, by, "RPUSH", Unfinished, "left behind")
	rep, err := Run(from, to, Options{DB: -1})
	if err != nil || !rep.Same() || rep.Others != 0 || len(rep.Databases) != 1 {
		t.Fatalf("%v, %+v", err, rep)
	}
	do(t, from, "SET", Unfinished, "v")
	if _, err := Run(from, to, Options{DB: 0}); err == nil {
		t.Fatal("no error")
	}
}

// An element that a scan shows twice counts once.
func TestElementsComeTwice(t *testing.T) {
	a, b := newContent("hash"), newContent("hash")
	b.seen = make(map[[16]byte]struct{})
	a.add([][]byte{[]byte("f"), []byte("v"), []byte("g"), []byte("w")})
	b.add([][]byte{[]byte("g"), []byte("w"), []byte("f"), []byte("v"), []byte("g"), []byte("w")})
	if a.of([]byte("k")) != b.of([]byte("k")) {
		t.Error("they differ")
	}
	if a.of([]byte("k")) == a.of([]byte("l")) {
		t.Error("the key does not count")
	}
}
