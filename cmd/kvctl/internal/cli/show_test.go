package cli

import (
	"encoding/base64"
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Bytes are a JSON string when they are text, else base64, and either way come
// back whole.
func TestBytesAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.OneOf(rapid.SliceOf(rapid.Byte()),
			rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) })).Draw(t, "bytes")
		enc := AppendBytes(nil, b)
		for _, c := range string(enc) {
			if c < ' ' || c >= 0x7f && c < 0xa0 {
				t.Fatalf("control character %U in %q", c, enc)
			}
		}
		if utf8.Valid(b) {
			var s string
			if err := json.Unmarshal(enc, &s); err != nil || s != string(b) {
				t.Fatalf("%q as %s: %q, %v", b, enc, s, err)
			}
			return
		}
		var o map[string]string
		if err := json.Unmarshal(enc, &o); err != nil || len(o) != 1 {
			t.Fatalf("%q as %s: %v", b, enc, err)
		}
		if got, err := base64.StdEncoding.DecodeString(o["b64"]); err != nil || string(got) != string(b) {
			t.Fatalf("%q as %s: %q, %v", b, enc, got, err)
		}
	})
}

// A cell holds no tab, no newline and nothing that a terminal obeys, and says
// which bytes it stands for.
func TestCellsAreReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.OneOf(rapid.SliceOf(rapid.Byte()),
			rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) })).Draw(t, "bytes")
		cell := Cell(b)
		if cell == "" || !printable(cell) || strings.ContainsAny(cell, "\t\n\x1b") {
			t.Fatalf("%q as %q", b, cell)
		}
		back := cell
		if cell[0] == '"' {
			var err error
			if back, err = strconv.Unquote(cell); err != nil {
				t.Fatalf("%q as %q: %v", b, cell, err)
			}
		}
		if back != string(b) {
			t.Fatalf("%q as %q, back as %q", b, cell, back)
		}
	})
}

func TestShellQuoting(t *testing.T) {
	for _, s := range []string{"", "plain-1.txt", "two words", "it's", `$HOME "x" \`, "-", "ü", "a\nb"} {
		out, err := exec.Command("sh", "-c", "printf %s "+ShellQuote(s)).Output()
		if err != nil {
			t.Skip(err)
		}
		if string(out) != s {
			t.Errorf("%q: quoted %s, read %q", s, ShellQuote(s), out)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"ab", 1, "…"}, {"ab", 0, "ab"}, {"", 3, ""}} {
		if got := Shorten(c.s, c.n); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.s, c.n, got, c.want)
		}
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Size(0), "0 B"}, {Size(1023), "1023 B"}, {Size(1024), "1.00 KiB"}, {Size(44375779), "42.3 MiB"}, {Size(1 << 62), "4.00 EiB"},
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(-1234567), "-1,234,567"}, {Count(uint64(1) << 63), "9,223,372,036,854,775,808"},
		{Plural(1, "key", "keys"), "1 key"}, {Plural(1200, "key", "keys"), "1,200 keys"},
		{Took(1234567 * time.Nanosecond), "1.2ms"}, {Took(61234 * time.Millisecond), "1m1.23s"},
		{Time(time.UnixMilli(0)), "1970-01-01T00:00:00.000Z"},
		{Time(time.UnixMilli(253402300799999)), "9999-12-31T23:59:59.999Z"},
		{Time(time.UnixMilli(253402300800000)), "253402300800000"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// A time that is shown can be given back.
func TestTimesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Min(0).Draw(t, "ms"))
		got, err := ParseTime(Time(at))
		if err != nil || !got.Equal(at) {
			t.Fatalf("%s: %v, %v", Time(at), got, err)
		}
	})
}

func TestDurations(t *testing.T) {
	for in, want := range map[string]time.Duration{"90s": 90 * time.Second, "7d": 168 * time.Hour, "0.5d": 12 * time.Hour, "1h30m": 90 * time.Minute} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "5", "d", "xd", "999999999d", "soon", "NaNd"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("%s: %v", in, got)
		}
	}
}

func TestLSNs(t *testing.T) {
	if n, err := ParseLSN("--to", "18446744073709551615"); err != nil || n != 1<<64-1 {
		t.Error(n, err)
	}
	for _, in := range []string{"", "0", "-1", "1.5", "x", "18446744073709551616"} {
		if n, err := ParseLSN("--to", in); err == nil || !strings.Contains(err.Error(), "--to") {
			t.Errorf("%q: %d, %v", in, n, err)
		}
	}
}

func TestLists(t *testing.T) {
	type item struct {
		Schema int `json:"schema,omitempty"`
		N      int `json:"n"`
	}
	for _, c := range []struct {
		format Format
		n      int
		want   string
	}{
		{FormatJSON, 0, "{\"schema\":1,\"items\":[]}\n"},
		{FormatJSON, 2, "{\"schema\":1,\"items\":[\n{\"n\":0},\n{\"n\":1}\n]}\n"},
		{FormatJSONL, 0, ""},
		{FormatJSONL, 2, "{\"schema\":1,\"n\":0}\n{\"schema\":1,\"n\":1}\n"},
	} {
		app, out, _ := testApp()
		app.Format = c.format
		l := app.NewList("items")
		for i := range c.n {
			if err := l.Item(item{l.Schema(), i}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.End(); err != nil {
			t.Fatal(err)
		}
		if err := app.Stdout.Flush(); err != nil || out.String() != c.want {
			t.Errorf("%s, %d items: %q, %v", c.format, c.n, out.String(), err)
		}
	}
}

// Past its sample a table goes on without holding rows back.
func TestTablesStream(t *testing.T) {
	app, out, _ := testApp()
	app.Stdout.width = 20
	app.Color = "never"
	table := app.NewTable("KEY", ">N")
	for i := range sample + 2 {
		if err := table.Row("k", strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != sample+3 {
		t.Errorf("%d lines before the end, want %d", n, sample+3)
	}
	if !strings.HasPrefix(out.String(), "KEY    N\nk      0\n") {
		t.Errorf("%q", out.String()[:40])
	}
}
