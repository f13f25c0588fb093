package record_test

import (
	"encoding/hex"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redis-lite/redis-lite/wal/record"
)

// The golden file holds the encodings of format version 1, one a line: name,
// hexadecimal, diagnostic notation. It is never rewritten once a version is
// released; -golden writes it when a line is added before.
var writeGolden = flag.Bool("golden", false, "write testdata/v1.txt")

const goldenFile = "testdata/v1.txt"

type goldenCase struct {
	name    string
	encoded []byte
	decode  func(b []byte) (any, error)
	want    any
}

// golden are the contents, fixed for ever like their encodings.
func golden() []goldenCase {
	timed := func(name string, ms int64, muts ...record.Mutation) goldenCase {
		c := record.Commit{Time: ms, Mutations: muts}
		return goldenCase{"commit/" + name, record.AppendCommit(nil, &c), func(b []byte) (any, error) {
			c, _, err := record.Decode(b)
			return c, err
		}, c}
	}
	commit := func(name string, muts ...record.Mutation) goldenCase { return timed(name, 0, muts...) }
	entry := func(name string, e record.Entry) goldenCase {
		return goldenCase{"entry/" + name, record.AppendEntry(nil, &e), func(b []byte) (any, error) {
			var e record.Entry
			_, err := record.DecodeEntry(&e, b)
			return e, err
		}, e}
	}
	return []goldenCase{
		commit("empty"),
		timed("set with a time", 1767225600000, record.Mutation{Op: record.OpSet, Key: []byte("mykey"), Value: []byte("myval")}),
		commit("set", record.Mutation{Op: record.OpSet, Key: []byte("mykey"), Value: []byte("myval")}),
		commit("set with deadline", record.Mutation{Op: record.OpSet, Bucket: "users", Key: []byte{0, 0xff}, Value: []byte{}, Deadline: 1767225600000}),
		commit("set with extreme deadlines",
			record.Mutation{Op: record.OpSet, Key: []byte("a"), Value: []byte("v"), Deadline: math.MaxInt64},
			record.Mutation{Op: record.OpSet, Key: []byte("b"), Value: []byte("v"), Deadline: -1}),
		commit("delete", record.Mutation{Op: record.OpDelete, Bucket: "Straße", Key: []byte("k")}),
		commit("delete-range", record.Mutation{Op: record.OpDeleteRange, Key: []byte("a"), To: []byte("b")}),
		commit("delete all", record.Mutation{Op: record.OpDeleteRange, Key: []byte{}}),
		commit("delete nothing", record.Mutation{Op: record.OpDeleteRange, Key: []byte("a"), To: []byte{}}),
		commit("many",
			record.Mutation{Op: record.OpDelete, Key: []byte(strings.Repeat("k", 24))},
			record.Mutation{Op: record.OpSet, Key: []byte("k"), Value: []byte(strings.Repeat("v", 256))}),
		entry("plain", record.Entry{Key: []byte("mykey"), Value: []byte("myval"), LSN: 42}),
		entry("with deadline", record.Entry{Bucket: "users", Key: []byte("k"), Value: []byte{}, LSN: math.MaxUint64, Deadline: 1767225600000}),
	}
}

func TestGoldenEncodings(t *testing.T) {
	if *writeGolden {
		var out strings.Builder
		for _, g := range golden() {
			out.WriteString(g.name + "\t" + hex.EncodeToString(g.encoded) + "\t" + record.Diagnose(g.encoded) + "\n")
		}
		if err := os.WriteFile(goldenFile, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			t.Fatalf("bad line %q", line)
		}
		lines[f[0]] = f
	}
	for _, g := range golden() {
		f := lines[g.name]
		delete(lines, g.name)
		if f == nil {
			t.Errorf("%s: not in %s", g.name, goldenFile)
			continue
		}
		if got := hex.EncodeToString(g.encoded); got != f[1] {
			t.Errorf("%s: encodes to %s, the format says %s", g.name, got, f[1])
		}
		b, err := hex.DecodeString(f[1])
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.decode(b)
		if err != nil {
			t.Errorf("%s: %v", g.name, err)
		} else if diff := cmp.Diff(g.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", g.name, diff)
		}
		if got := record.Diagnose(b); got != f[2] {
			t.Errorf("%s: shown as %s, was %s", g.name, got, f[2])
		}
	}
	for name := range lines {
		t.Errorf("%s is in %s only: no format is ever dropped", name, goldenFile)
	}
}
