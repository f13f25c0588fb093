package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What Append writes, Parse reads back to the same bytes, and encoding/json
// agrees on what it says.
func TestLinesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
			rapid.SliceOf(rapid.Byte()),
			rapid.Just([]byte{}),
			rapid.Map(rapid.SampledFrom([]string{"\u0085\u009b\x7f", "\u2028", "\x00\x1f", `"\`, "\ufffd", "é\xc2"}), func(s string) []byte { return []byte(s) }),
		)
		in := Line{
			Key:      rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "key"),
			Value:    text.Draw(t, "value"),
			Deadline: rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Min(1)).Draw(t, "deadline"),
		}
		if in.HasBucket = rapid.Bool().Draw(t, "has bucket"); in.HasBucket {
			in.Bucket = rapid.String().Draw(t, "bucket")
		}
		line := Append(nil, &in)
		if !bytes.HasSuffix(line, []byte("\n")) || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("not one line: %q", line)
		}
		if !json.Valid(line) {
			t.Fatalf("not JSON: %q", line)
		}
		var out Line
		if _, err := Parse(&out, line[:len(line)-1], nil); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !bytes.Equal(out.Key, in.Key) || !bytes.Equal(out.Value, in.Value) ||
			out.Deadline != in.Deadline || out.Bucket != in.Bucket || out.HasBucket != in.HasBucket {
			t.Fatalf("wrote %+v as %s, read %+v", in, line, out)
		}
		if again := Append(nil, &out); !bytes.Equal(again, line) {
			t.Fatalf("wrote %s, then %s", line, again)
		}
	})
}

func TestValuesOfEveryJSONType(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{`"text"`, "text"},
		{`"caf\u00e9 \ud83d\ude00 \n\/"`, "café 😀 \n/"},
		{`{"b64":"AAEC/w=="}`, "\x00\x01\x02\xff"},
		{`{"b64":""}`, ""},
		{`12.50`, "12.50"},
		{`-0`, "-0"},
		{`1e+9`, "1e+9"},
		{`true`, "true"},
		{`null`, "null"},
		{`[1, 2,  3]`, "[1, 2,  3]"},
		{`{"a": {"b64": "!"}}`, `{"a": {"b64": "!"}}`},
		{`{"b64":"AA==","x":1}`, `{"b64":"AA==","x":1}`},
		{`{"x":1,"b64":"AA=="}`, `{"x":1,"b64":"AA=="}`},
		{`{}`, `{}`},
		{`"\u0000"`, "\x00"},
		{`["\ud800"]`, `["\ud800"]`}, // kept as text, so nothing is lost
	} {
		var l Line
		if _, err := Parse(&l, []byte(` { "key" : "k" , "value" : `+c.value+" }\r"), nil); err != nil {
			t.Errorf("%s: %v", c.value, err)
		} else if string(l.Value) != c.want {
			t.Errorf("%s: read %q, want %q", c.value, l.Value, c.want)
		}
	}
}

func TestDeadlines(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
	}{
		{`"2030-01-31T12:00:00Z"`, 1896091200000},
		{`"2030-01-31T13:00:00.1239+01:00"`, 1896091200123},
		{`1896091200000`, 1896091200000},
		{`null`, 0},
	} {
		var l Line
		if _, err := Parse(&l, []byte(`{"key":"k","value":"v","expires_at":`+c.in+`}`), nil); err != nil || l.Deadline != c.want {
			t.Errorf("%s: %d, %v; want %d", c.in, l.Deadline, err, c.want)
		}
	}
}

func TestBrokenLinesSayWhereAndWhy(t *testing.T) {
	for _, c := range []struct {
		line   string
		column int
		reason string
	}{
		{``, 1, "the line ends early: expected an object"},
		{`[]`, 1, "expected an object, found '['"},
		{`{"key":"a","value":"b"`, 23, "the line ends early: expected ',' or '}'"},
		{`{"key":"a","value":"b`, 22, "the line ends inside a string"},
		{`{"key":"a","value":"b"} x`, 25, "something behind the object"},
		{`{"key":"a","value":"b"}{"key":"c","value":"d"}`, 24, "something behind the object"},
		{`{"key":"a"}`, 12, `no "value"`},
		{`{"value":"a"}`, 14, `no "key"`},
		{`{"key":"","value":"a"}`, 8, "the key is empty"},
		{`{"key":{"b64":""},"value":"a"}`, 8, "the key is empty"},
		{`{"key":1,"value":"a"}`, 8, "key must be a string"},
		{`{"key":{"b64":"AA==","x":1},"value":"a"}`, 8, "key must be a string"},
		{`{"key":"a","key":"b","value":"c"}`, 12, `second "key"`},
		{`{"key":"a","value":"b","ttl":5}`, 24, `unknown member "ttl"`},
		{`{"key":"a","value":{"b64":"?"}}`, 27, "invalid base64"},
		{`{"key":"a","value":{"b64":"AB=="}}`, 27, "invalid base64"}, // bits that decode to nothing
		{`{"key":"a","value":{"b64":"AA\n=="}}`, 27, "invalid base64"},
		{`{"key":"a","value":{"b64":7}}`, 27, "b64 must be a string"},
		{`{"key":"\ud800","value":"b"}`, 9, "half of a surrogate pair"},
		{`{"key":"\ud800\u0041","value":"b"}`, 9, "half of a surrogate pair"},
		{"{\"key\":\"a\xff\",\"value\":\"b\"}", 10, "invalid UTF-8"},
		{"{\"key\":\"a\",\"value\":[\"\xff\"]}", 22, "invalid UTF-8"},
		{"{\"key\":\"a\tb\",\"value\":\"b\"}", 10, "control character"},
		{`{"key":"\x","value":"b"}`, 9, "invalid escape"},
		{`{"key":"a","value":01}`, 21, "expected ',' or '}'"},
		{`{"key":"a","value":-}`, 21, "expected a digit"},
		{`{"key":"a","value":nul}`, 20, "expected a JSON value"},
		{`{"key":"a","value":[1,]}`, 23, "expected a JSON value"},
		{`{"key":"a","value":"b",}`, 24, "expected a member's name"},
		{`{"key":"a","value":"b","expires_at":"soon"}`, 37, "expires_at must be"},
		{`{"key":"a","value":"b","expires_at":0}`, 37, "expires_at must be"},
		{`{"key":"a","value":"b","expires_at":1.5}`, 37, "expires_at must be"},
		{`{"key":"a","value":"b","expires_at":"1960-01-01T00:00:00Z"}`, 37, "expires_at must be"},
		{`{"key":"a","value":"b","bucket":1}`, 33, "bucket must be a string"},
		{`{"key":"a","value":` + strings.Repeat("[", maxDepth+2), maxDepth + 21, "nested too deep"},
	} {
		var l Line
		_, err := Parse(&l, []byte(c.line), nil)
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Errorf("%.60s: accepted", c.line)
			continue
		}
		if e.Column != c.column || !strings.Contains(e.Reason, c.reason) {
			t.Errorf("%.60s: %v; want column %d: %s", c.line, e, c.column, c.reason)
		}
	}
}

// Whatever Parse accepts is JSON that encoding/json reads the same way.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"key":"a","value":"b"}`,
		`{"key":"a","value":{"b64":"AAEC/w=="},"expires_at":"2030-01-31T12:00:00Z"}`,
		`{"bucket":"x","key":{"b64":"/w=="},"value":[1,{"a":null}],"expires_at":5}`,
		`{"key":"\ud83d\ude00","value":-1.5e+3}`,
		` {"value" : true , "key":"\u0000\""} `,
		`{"key":"a","value":{"b64":"AA==","b64":"AA=="}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var l Line
		if _, err := Parse(&l, b, nil); err != nil {
			return
		}
		var ref struct {
			Key, Value json.RawMessage
			Bucket     string
		}
		if err := json.Unmarshal(b, &ref); err != nil {
			t.Fatalf("accepted %q: %v", b, err)
		}
		if l.Bucket != ref.Bucket {
			t.Fatalf("%q: bucket %q, want %q", b, l.Bucket, ref.Bucket)
		}
		check := func(what string, raw json.RawMessage, got []byte) {
			var s string
			var o map[string]json.RawMessage
			switch {
			case raw[0] == '"':
				if err := json.Unmarshal(raw, &s); err != nil || s != string(got) {
					t.Fatalf("%q: %s %q, want %q (%v)", b, what, got, s, err)
				}
			case raw[0] == '{' && json.Unmarshal(raw, &o) == nil && len(o) == 1 && o["b64"] != nil && !bytes.Equal(raw, got):
				var v struct{ B64 []byte }
				if err := json.Unmarshal(raw, &v); err != nil || !bytes.Equal(v.B64, got) {
					t.Fatalf("%q: %s %q, want %q (%v)", b, what, got, v.B64, err)
				}
			default:
				if !bytes.Equal(raw, got) {
					t.Fatalf("%q: %s %q, want the text %q", b, what, got, raw)
				}
			}
		}
		check("key", ref.Key, l.Key)
		check("value", ref.Value, l.Value)

		line := Append(nil, &l)
		var back Line
		if _, err := Parse(&back, line[:len(line)-1], nil); err != nil {
			t.Fatalf("%q was written as %q: %v", b, line, err)
		}
		if !bytes.Equal(back.Key, l.Key) || !bytes.Equal(back.Value, l.Value) || back.Deadline != l.Deadline {
			t.Fatalf("%q was written as %q and read as %+v", b, line, back)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	line := Append(nil, &Line{Key: []byte("user:00000012345"), Value: bytes.Repeat([]byte("x"), 128)})
	line = line[:len(line)-1]
	b.SetBytes(int64(len(line)))
	var l Line
	var arena []byte
	for b.Loop() {
		var err error
		if arena, err = Parse(&l, line, arena[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
