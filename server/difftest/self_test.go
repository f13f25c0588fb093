package difftest

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// redis starts a redis-server for a test, or skips it.
func redis(t *testing.T, args ...string) *Redis {
	t.Helper()
	r, err := StartRedis(t.TempDir(), args...)
	if no := (*ErrNoRedis)(nil); errors.As(err, &no) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

// Redis agrees with itself: what the comparison forgives is enough.
func TestRedisAgainstItself(t *testing.T) {
	a, b := redis(t), redis(t)
	r := &Runner{Redis: a.Addr, Ours: b.Addr, Families: Families()}
	gen := Streams(r.Families)
	rapid.Check(t, func(t *rapid.T) {
		s := gen.Draw(t, "stream")
		if err := r.Run(s); err != nil {
			t.Fatalf("%v\n%v", err, s)
		}
	})
	t.Logf("%d streams, %d commands", r.Streams, r.Commands)
}
