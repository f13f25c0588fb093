package main

import (
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

// A key is concerned by the ranges that cover it, and by no others.
func TestLogOfAKeyHoldsTheRangesThatCoverIt(t *testing.T) {
	c := newConsole(t)
	db, err := engine.Open(c.dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	steps := []func() error{
		func() error { return db.Set(ctx, []byte("m"), []byte("1")) },                 // LSN 1
		func() error { return db.Set(ctx, []byte("z"), []byte("1")) },                 // 2
		func() error { return db.DeleteRange(ctx, []byte("n"), []byte("zz")) },        // 3: behind m
		func() error { return db.DeleteRange(ctx, []byte("a"), []byte("n")) },         // 4: covers m
		func() error { return db.Set(ctx, []byte("m"), []byte("2")) },                 // 5
		func() error { return db.Set(ctx, []byte("b"), []byte("2")) },                 // 6
		func() error { return db.DeleteRange(ctx, nil, []byte("m")) },                 // 7: ends before m
		func() error { return db.DeleteRange(ctx, nil, nil) },                         // 8: everything
		func() error { return db.Bucket("other").Set(ctx, []byte("m"), []byte("3")) }, // 9
		func() error { return db.Bucket("other").Clear(ctx) },                         // 10
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{"--key", "m"}, "1 4 5 8 9 10"},
		{[]string{"--key", "m", "--bucket", ""}, "1 4 5 8"},
		{[]string{"--key", "m", "--bucket", "other"}, "9 10"},
		{[]string{"--key", "m", "--type", "delete-range"}, "4 8 10"},
		{[]string{"--type", "delete-range", "--from", "5"}, "7 8 10"},
		{[]string{"--hex-keys", "--key", "6d", "--limit", "2"}, "1 4"},
		{[]string{"--key", "nokey"}, "3 8 10"}, // ranges alone
	} {
		var got []string
		for line := range strings.Lines(c.ok(append([]string{"log"}, x.args...)...)) {
			lsn, _, _ := strings.Cut(line, "\t")
			got = append(got, lsn)
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("%q: %q, want %q", x.args, strings.Join(got, " "), x.want)
		}
	}
	out := c.ok("log", "--type", "delete-range")
	for _, want := range []string{
		"delete-range n to before zz\n", "delete-range the first key to before m\n",
		"delete-range the first key to the last key\n", "delete-range in other: the first key to the last key\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if got := c.ok("log", "--from", "7", "--limit", "1", "-o", "jsonl"); !strings.Contains(got, `"ops":[{"op":"delete-range","to":"m"}]`) {
		t.Error(got)
	}
}
