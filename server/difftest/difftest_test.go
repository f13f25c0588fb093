package difftest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
)

// ours serves a database in memory until the test ends.
func ours(t *testing.T) (addr string) {
	t.Helper()
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(db, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != server.ErrServerClosed {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

var (
	survey  = flag.Int("survey", 0, "run this many streams and list the differences, each command's once or twice")
	explore = flag.Bool("explore", false, "draw streams that no run had before")
)

// known leaves out what this server does not have at all.
func known(t *testing.T, r *Runner) (out []Family) {
	c, err := Dial(r.Ours)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, f := range r.Families {
		f.Commands = slices.DeleteFunc(f.Commands, func(c2 Command) bool {
			if c2.Name == "QUIT" || c2.Name == "RESET" || strings.Contains(c2.Name, "NONSENSE") {
				return false
			}
			reply, err := c.Do(strings.Fields(c2.Name)...)
			if err != nil {
				t.Fatal(c2.Name, err)
			}
			if reply.IsError("ERR unknown") {
				t.Logf("%s is missing", c2.Name)
				return true
			}
			return false
		})
		out = append(out, f)
	}
	return out
}

// With -survey N, many differences are listed at once instead of one made small.
func TestSurvey(t *testing.T) {
	if *survey == 0 {
		t.Skip("only with -survey N")
	}
	found := make(map[string]int)
	r := &Runner{Redis: redis(t).Addr, Ours: ours(t), Families: Families(), Differences: Differences()}
	note := func(name, text string) {
		if found[name]++; found[name] <= 2 {
			t.Log(text)
		}
	}
	first := func(m *Mismatch) {
		words := strings.Fields(strings.ToUpper(m.Where))
		name := strings.Join(words[:min(2, len(words))], " ")
		if i := slices.Index(words, "TO"); words[0] == "EXEC," && i > 0 {
			name = "EXEC " + strings.Join(words[i:], " ")
		} else if !Names(r.Families)[name] {
			name = words[0]
		}
		note(name+fmt.Sprint(m.Redis.Kind == Error, m.Ours.Kind == Error), fmt.Sprintf("%.1000s", m.Error()))
	}
	gen := Streams(known(t, r))
	for i := range *survey {
		err := r.Run(gen.Example(i))
		if m := (*Mismatch)(nil); errors.As(err, &m) && !strings.HasPrefix(m.Where, "messages") && !strings.Contains(m.Where, "at the end") {
			first(m)
		} else if err != nil {
			note(fmt.Sprintf("%.30s", err), fmt.Sprintf("%.1000s", err))
		}
	}
	t.Errorf("%d kinds of differences", len(found))
}

// seed makes rapid draw the same streams each time, so that a commit is judged alike
// on every machine. With -explore, or a -rapid.seed, they are others.
func seed(t *testing.T, n int) {
	f := flag.Lookup("rapid.seed")
	if given := f.Value.String(); *explore || given != f.DefValue {
		return
	}
	if err := flag.Set(f.Name, strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set(f.Name, f.DefValue); err != nil {
			t.Error(err)
		}
	})
}

// Whatever clients send, this server answers as Redis does.
func TestDifferential(t *testing.T) {
	families := Families()
	r := &Runner{Redis: redis(t).Addr, Ours: ours(t), Families: families, Differences: Differences()}
	for _, d := range r.Differences {
		before := r.Excused[d.Name()]
		if err := r.Run(Lines(families, d.Example...)); err != nil {
			t.Errorf("%s: %v", d.Name(), err)
		}
		if r.Excused[d.Name()] == before {
			t.Errorf("%s: its example does not show it", d.Name())
		}
	}
	gen := Streams(known(t, r))
	for i := range 11 { // of 100 streams each
		ok := t.Run(fmt.Sprintf("%02d", i), func(t *testing.T) {
			seed(t, i+1)
			rapid.Check(t, func(t *rapid.T) {
				s := gen.Draw(t, "stream")
				if err := r.Run(s); err != nil {
					t.Fatalf("%v\n%v", err, s)
				}
			})
		})
		if !ok {
			return
		}
	}
	for _, d := range r.Differences {
		t.Logf("meant: %-30s %5d times: %s", d.Name(), r.Excused[d.Name()], d.Reason)
	}
	var missing []string
	for name := range Names(families) {
		if r.Seen[name] == 0 {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Logf("commands that no stream had: %s", strings.Join(missing, ", "))
	}
	fmt.Printf("differential: %d streams, %d commands, %d distinct commands, 0 unexplained\n", r.Streams, r.Commands, len(r.Seen))
}
