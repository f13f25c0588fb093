package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/difftest"
)

// redisServer is a Redis of the test's own, with a client.
type redisServer struct {
	*difftest.Redis
	t *testing.T
	c *difftest.Conn
}

func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	r, err := difftest.StartRedis(t.TempDir(), args...)
	var none *difftest.ErrNoRedis
	if errors.As(err, &none) {
		t.Skip(none)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	c, err := difftest.Dial(r.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &redisServer{r, t, c}
}

func (r *redisServer) do(args ...string) difftest.Reply {
	r.t.Helper()
	reply, err := r.c.Do(args...)
	if err != nil {
		r.t.Fatal(args, err)
	}
	if reply.Kind == '-' {
		r.t.Fatal(args, reply.Text)
	}
	return reply
}

// digest is what Redis itself makes of all its keys, values and whether they have
// deadlines.
func (r *redisServer) digest() string {
	r.t.Helper()
	return r.do("DEBUG", "DIGEST").Text
}

// fill loads every type: small and large, numbers and text and bytes that are no
// text, with deadlines and without, in three databases.
func (r *redisServer) fill(large int) {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return string(b)
	}
	for _, db := range []string{"3", "15", "0"} {
		r.do("SELECT", db)
		for i := range 300 {
			r.do("SET", fmt.Sprintf("s%d", i), noise(i))
			r.do("SET", noise(3+i%40), fmt.Sprint(i))
		}
		r.do("SET", "empty", "")
		r.do("SET", "number", "-9223372036854775808")
		r.do("SET", "big", noise(3<<20))
		r.do("SET", "dated", "v", "PXAT", "4102444800123")
		for i := range 700 {
			r.do("PFADD", "hll", fmt.Sprint(i)) // sparse, then dense
		}
		r.do("PFADD", "hllsmall", "a", "b")
		r.do("RPUSH", "list", "a", "", "b", "a", noise(100), "17")
		r.do("SADD", "ints", "1", "2", "-3")
		r.do("SADD", "set", "a", "", noise(70))
		r.do("ZADD", "z", "1.5", "a", "-0", "b", "inf", "c", "-inf", "d", "0.1", "e", "1e300", "f", "3", noise(9), "5e-324", "")
		r.do("HSET", "h", "f", "v", "", "empty field", "empty value", "", noise(9), noise(9))
		r.do("EXPIREAT", "z", "4102444800")
		r.do("PEXPIREAT", "h", "4102444800999")
	}
	for from := 0; from < large; from += 1000 {
		var h, z, s, l []string
		for i := from; i < from+1000; i++ {
			n := fmt.Sprint(i)
			h = append(h, "field"+n, noise(i%30))
			z = append(z, fmt.Sprint(float64(i)*0.37), "m\x00"+n)
			s = append(s, noise(12))
			l = append(l, noise(i%60))
		}
		r.do(append([]string{"HSET", "hash\xff"}, h...)...)
		r.do(append([]string{"ZADD", "zset large"}, z...)...)
		r.do(append([]string{"SADD", "set large"}, s...)...)
		r.do(append([]string{"RPUSH", "list large"}, l...)...)
	}
	r.do("PEXPIREAT", "list large", "4102444800777")
}

// kvctl runs kvctl in a directory and returns its exit code.
func runKvctl(t *testing.T, dir string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "kvctl", args...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), cli.DirVariable+"="), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// wantKvctl demands an exit code, and returns both outputs.
func wantKvctl(t *testing.T, dir string, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, got := runKvctl(t, dir, nil, args...)
	if got != code {
		t.Fatalf("kvctl %s: exit code %d, want %d\n%.3000s\n%.3000s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	return stdout, stderr
}

// movedJSON is moveJSON as a reader of it sees it.
type movedJSON struct {
	Verified, Same, Complete             bool
	Databases                            []int
	Copied                               int64
	Kept                                 int64 `json:"already_there"`
	Types                                []moveTypeJSON
	Skipped, Refused, Missing, Different struct {
		Count int64
		Keys  []struct {
			Key json.RawMessage
			Why string
		}
	}
}

func moveReport(t *testing.T, stdout string) (m movedJSON) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(stdout))
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	return m
}

// Everything goes from a Redis into a store and from there into another Redis,
// which then holds what the first one does: Redis's own digest says so.
func TestMoveFromAndToRedis(t *testing.T) {
	t.Parallel()
	a, b := startRedis(t), startRedis(t)
	large := 30_000
	if testing.Short() {
		large = 3000
	}
	a.fill(large)
	dir := t.TempDir()
	out, _ := wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr, "-o", "json")
	m := moveReport(t, out)
	if !m.Same || m.Copied == 0 || m.Kept != 0 || len(m.Databases) != 3 {
		t.Fatalf("%+v", m)
	}
	for _, typ := range m.Types {
		if typ.SourceKeys == 0 || typ.SourceKeys != typ.TargetKeys || typ.SourceElements != typ.TargetElements || typ.SourceDigest != typ.TargetDigest {
			t.Errorf("%+v", typ)
		}
	}
	if got, err := exec.Command("kvctl", "get", "--dir", filepath.Join(dir, "kvdata"), "number").Output(); string(got) != "-9223372036854775808\n" {
		t.Errorf("%q, %v", got, err)
	}

	// Once more: nothing is left to do.
	out, _ = wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr, "-o", "json")
	if again := moveReport(t, out); again.Copied != 0 || again.Kept != m.Copied || !again.Same {
		t.Errorf("%+v", again)
	}

	// What has changed is written, and only that.
	a.do("HSET", "hash\xff", "field7", "changed")
	a.do("LSET", "list large", "1700", "changed")
	a.do("PERSIST", "z")
	a.do("DEL", "set")
	a.do("SET", "set", "a string now")
	out, _ = wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr, "-o", "json")
	if again := moveReport(t, out); again.Copied != 4 || !again.Same {
		t.Errorf("%+v", again)
	}

	wantKvctl(t, dir, 0, "export", "--to-redis", b.Addr)
	if da, db := a.digest(), b.digest(); da != db {
		t.Errorf("digests of the two Redis: %s, %s", da, db)
	}
	if got, _ := b.do("PEXPIRETIME", "h").Int(); got != 4102444800999 {
		t.Error(got)
	}
	// Not into one that holds something.
	_, stderr := wantKvctl(t, dir, 2, "export", "--to-redis", b.Addr)
	if !strings.Contains(stderr, "holds") || !strings.Contains(stderr, "--yes") {
		t.Error(stderr)
	}
	wantKvctl(t, dir, 0, "export", "--to-redis", b.Addr, "--yes")
}

// What is not copied is named, and makes exit code 1.
func TestMoveLeavesOut(t *testing.T) {
	t.Parallel()
	a := startRedis(t)
	a.do("SET", "fine", "v")
	a.do("XADD", "stream", "*", "a", "b")
	a.do("SET", strings.Repeat("k", 70_000), "v")
	a.do("SET", "", "v")
	a.do("SADD", "long member", strings.Repeat("m", 70_000), "x")
	dir := t.TempDir()
	out, stderr := wantKvctl(t, dir, 1, "import", "--from-redis", a.Addr, "-o", "json")
	m := moveReport(t, out)
	if m.Skipped.Count != 1 || string(m.Skipped.Keys[0].Key) != `"stream"` || m.Skipped.Keys[0].Why != "stream" || m.Refused.Count != 3 || m.Copied != 1 ||
		m.Missing.Count != 0 || !m.Verified || m.Same {
		t.Errorf("%d %d %d %d %v\n%.300s", m.Skipped.Count, m.Refused.Count, m.Copied, m.Missing.Count, m.Verified, stderr)
	}
	_, stderr = wantKvctl(t, dir, 1, "import", "--from-redis", a.Addr)
	for _, want := range []string{`"stream": stream`, "3 keys refused", "1 key skipped"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in\n%.500s", want, stderr)
		}
	}
}

// between stands between kvctl and a server, and calls full once it has handed on
// so many bytes of answers; then it closes.
func between(t *testing.T, addr string, limit int64, full func()) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return forward(t, l, addr, limit, full)
}

// forward is between on a listener.
func forward(t *testing.T, l net.Listener, addr string, limit int64, full func()) string {
	t.Cleanup(func() { l.Close() })
	var passed atomic.Int64
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", addr)
			if err != nil {
				in.Close()
				continue
			}
			go func() {
				defer out.Close()
				copyBytes(out, in, nil)
			}()
			go func() {
				defer in.Close()
				copyBytes(in, out, func(n int) bool {
					if passed.Add(int64(n)) < limit {
						return true
					}
					full()
					return false
				})
			}()
		}
	}()
	return l.Addr().String()
}

func copyBytes(to, from net.Conn, more func(n int) bool) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			if _, werr := to.Write(b[:n]); werr != nil || more != nil && !more(n) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// A copy that is killed, or whose source goes away, leaves whole keys and nothing
// else; run again it goes on.
func TestMoveIsInterrupted(t *testing.T) {
	t.Parallel()
	a := startRedis(t)
	a.fill(3000)
	limits := []int64{60_000, 400_000, 3_500_000, 10_000_000}
	if testing.Short() {
		limits = limits[:2]
	}
	for _, limit := range limits {
		for _, kill := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bytes, killed %v", limit, kill), func(t *testing.T) {
				dir := t.TempDir()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				via := between(t, a.Addr, limit, func() {
					if kill {
						cancel() // SIGKILL
					}
				})
				cmd := exec.CommandContext(ctx, "kvctl", "import", "--dir", "s", "--from-redis", via)
				cmd.Dir = dir
				out, err := cmd.CombinedOutput()
				if code := cmd.ProcessState.ExitCode(); err == nil || !kill && code != cli.ExitIO {
					t.Fatalf("%v, code %d\n%s", err, code, out)
				}
				if !kill && !strings.Contains(string(out), "goes on") && strings.Contains(string(out), "written") {
					t.Errorf("%s", out)
				}
				wholeKeys(t, a, filepath.Join(dir, "s"))
				stdout, _ := wantKvctl(t, dir, 0, "import", "--dir", "s", "--from-redis", a.Addr, "-o", "json")
				if m := moveReport(t, stdout); !m.Same {
					t.Errorf("%+v", m)
				}
			})
		}
	}
}

// wholeKeys demands that each key of a store is as the Redis has it.
func wholeKeys(t *testing.T, a *redisServer, store string) {
	t.Helper()
	if _, err := os.Stat(store); err != nil {
		return // it did not come to that
	}
	b := startRedis(t)
	_, stderr, code := runKvctl(t, "", nil, "export", "--dir", store, "--to-redis", b.Addr)
	if code == cli.ExitUsage && strings.Contains(stderr, "unfinished") {
		return // it says itself that it is half of something
	}
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	for _, db := range []string{"0", "3", "15"} {
		a.do("SELECT", db)
		b.do("SELECT", db)
		for _, k := range b.do("KEYS", "*").Elems {
			da, db := a.do("DEBUG", "DIGEST-VALUE", k.Text), b.do("DEBUG", "DIGEST-VALUE", k.Text)
			if da.Elems[0].Text != db.Elems[0].Text {
				t.Fatalf("key %q is not whole", k.Text)
			}
		}
	}
}

func TestMoveWithBadInput(t *testing.T) {
	t.Parallel()
	a := startRedis(t)
	a.do("CONFIG", "SET", "requirepass", "secret")
	a.do("AUTH", "secret")
	a.do("SET", "k", "v")
	a.do("ACL", "SETUSER", "ann", "on", ">pw", "~*", "+@all")
	dir := t.TempDir()
	none := func() {
		t.Helper()
		if _, err := os.Stat(filepath.Join(dir, "kvdata")); err == nil {
			t.Fatal("a store was made")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	_, stderr := wantKvctl(t, dir, 3, "import", "--from-redis", closed)
	if !strings.Contains(stderr, "refused") {
		t.Error(stderr)
	}
	none()
	_, stderr = wantKvctl(t, dir, 2, "import", "--from-redis", a.Addr)
	if !strings.Contains(stderr, "NOAUTH") || !strings.Contains(stderr, redisPassword) {
		t.Error(stderr)
	}
	none()
	_, stderr, code := runKvctl(t, dir, []string{redisPassword + "=wrong"}, "import", "--from-redis", a.Addr)
	if code != 2 || !strings.Contains(stderr, "WRONGPASS") || strings.Contains(stderr, "wrong\n") {
		t.Error(code, stderr)
	}
	none()

	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close()
	go func() {
		for {
			c, err := web.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			c.Close()
		}
	}()
	_, stderr = wantKvctl(t, dir, 2, "import", "--from-redis", web.Addr().String())
	if !strings.Contains(stderr, "no Redis") || !strings.Contains(stderr, "HTTP/1.1") {
		t.Error(stderr)
	}
	for _, args := range [][]string{
		{"import", "--from-redis", ""}, {"import", "--from-redis", a.Addr, "file"}, {"import", "--from-redis", a.Addr, "--from-line", "2"},
		{"import", "--redis-db", "1", "file"}, {"export", "--yes"}, {"export", "--to-redis", a.Addr, "--all"},
		{"import", "--from-redis", a.Addr, "--redis-ca", "x"}, {"import", "--from-redis", "redis://h/x"},
		{"import", "--from-redis", a.Addr, "--redis-password-file", "none"},
	} {
		wantKvctl(t, dir, 2, args...)
	}
	none()
	wantKvctl(t, dir, 6, "export", "--to-redis", "redis://ann:pw@"+a.Addr)

	// Both ways of giving the password work.
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("pw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantKvctl(t, dir, 0, "import", "--from-redis", "redis://:secret@"+a.Addr+"/0")
	wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr, "--redis-user", "ann", "--redis-password-file", password)

	// Somebody has the store.
	db, err := engine.Open(filepath.Join(dir, "kvdata"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, stderr, code = runKvctl(t, dir, []string{redisPassword + "=secret"}, "import", "--from-redis", a.Addr)
	if code != cli.ExitLocked || !strings.Contains(stderr, fmt.Sprint(os.Getpid())) {
		t.Error(code, stderr)
	}
}

// A target that is full says so, and what is there stays.
func TestMoveIntoFullRedis(t *testing.T) {
	t.Parallel()
	a, b := startRedis(t), startRedis(t, "--maxmemory", "4mb")
	a.fill(1000)
	dir := t.TempDir()
	wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr)
	_, stderr := wantKvctl(t, dir, 3, "export", "--to-redis", b.Addr)
	if !strings.Contains(stderr, "OOM") || !strings.Contains(stderr, "--yes   # goes on") {
		t.Error(stderr)
	}
	b.do("CONFIG", "SET", "maxmemory", "0")
	wantKvctl(t, dir, 0, "export", "--to-redis", b.Addr, "--yes")
	if da, db := a.digest(), b.digest(); da != db {
		t.Errorf("digests of the two Redis: %s, %s", da, db)
	}
}

// A Redis before 7.0 tells how much time is left, not when it ends.
func TestMoveFromOldRedis(t *testing.T) {
	t.Parallel()
	a := startRedis(t, "--rename-command", "PEXPIRETIME", "")
	a.fill(1000)
	dir := t.TempDir()
	wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr)
	out, _ := wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr, "-o", "json")
	if m := moveReport(t, out); m.Copied != 0 || !m.Same {
		t.Errorf("%+v", m)
	}
}
