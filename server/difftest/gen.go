package difftest

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// Gen draws arguments from small pools, so that commands meet each other's
// results, and from the edges of what they accept.
type Gen struct{ t *rapid.T }

var (
	keys = []string{
		"a", "b", "c", "d", "{x}1", "{x}2", "a", "b", // the first two more often
		// No empty key: the engine has none (docs/redis.md says so).
		"bin\x00\xff\r\n", "long-" + strings.Repeat("k", 300),
	}
	values = []string{
		"", "v", "hello", "10", "-7", "0", "3.5", "abc\x00\xff\r\n$1", "foobar", "ohmytext", "mynewtext",
		"9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e3", " 1", "01", "inf", "nan", "0x10",
		strings.Repeat("x", 44), strings.Repeat("y", 45), strings.Repeat("z", 5000), "\xff\xf0\x00", "12345678901234567890",
	}
	ints = []string{
		"0", "1", "-1", "2", "3", "5", "7", "10", "-2", "-5", "100", "-100",
		"2147483647", "2147483648", "-2147483648", "4294967295", "4294967296", "9223372036854775807", "-9223372036854775808",
		"9223372036854775806", "-9223372036854775807",
	}
	notInts = []string{"", "x", "1.5", "9223372036854775808", "-9223372036854775809", " 1", "1 ", "+1", "01", "-0", "1e2", "0x1", "\x00"}
	floats  = []string{
		"0", "1", "-1", "1.5", "-2.25", "0.1", "3.0e3", "1e-10", "5e-324", "1e300", "-1e300", "1e17", "123456789.123456789",
		"0.30000000000000004", "10", "inf", "-inf", "nan", "+inf", "infinity", "1e400", "", "x", "1.5x", " 1.5", "0x1p3", "1_0", ".5", "5.",
	}
	indexes = []string{
		"0", "1", "-1", "2", "-2", "3", "-3", "4", "5", "-6", "10", "100", "-100", "1000000",
		"2147483648", "-9223372036854775808", "9223372036854775807",
	}
)

// OneOf draws one of some words, each as likely as the others.
func (g *Gen) OneOf(words ...string) string { return words[g.Number(0, len(words)-1)] }

// Chance is true in about percent of a hundred draws; it shrinks to false.
func (g *Gen) Chance(percent int) bool { return g.Number(0, 99) >= 100-percent }

// Number draws a number between two, both included, each as likely as the
// others; it shrinks to the first. (rapid's own integers prefer small ones, so
// much that the first of a list would be nearly all that is drawn.)
func (g *Gen) Number(from, to int) int {
	n := uint64(to - from + 1)
	width := bits.Len64(n-1) + 6 // some more, so that the remainder is even
	if n == 1 {
		return from
	}
	v := uint64(0)
	for range width {
		v <<= 1
		if coin.Draw(g.t, "bit") {
			v |= 1
		}
	}
	return from + int(v*n>>width)
}

var coin = rapid.Bool()

// Key draws a key.
func (g *Gen) Key() string { return g.OneOf(keys...) }

// Value draws a value.
func (g *Gen) Value() string {
	if g.Chance(5) {
		return string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(g.t, "bytes"))
	}
	return g.OneOf(values...)
}

// Int draws an integer, now and then something that is none.
func (g *Gen) Int() string {
	if g.Chance(12) {
		return g.OneOf(notInts...)
	}
	return g.OneOf(ints...)
}

// Small draws an integer of one digit, mostly.
func (g *Gen) Small() string {
	if g.Chance(8) {
		return g.Int()
	}
	return strconv.Itoa(g.Number(0, 9))
}

// Float draws a number with a point, or something that looks like one.
func (g *Gen) Float() string { return g.OneOf(floats...) }

// Index draws a position: near the start, near the end, far beyond both.
func (g *Gen) Index() string {
	if g.Chance(8) {
		return g.OneOf(notInts...)
	}
	return g.OneOf(indexes...)
}

// Offset draws an offset that a value may be grown to: at most 20,000, or one
// that is refused.
func (g *Gen) Offset() string {
	if g.Chance(10) {
		return g.OneOf("-1", "x", "", "4294967296", "9223372036854775807", "4294967295000")
	}
	return strconv.Itoa(g.Number(0, 40) * g.OneOfInt(1, 1, 7, 500))
}

// OneOfInt draws one of some numbers.
func (g *Gen) OneOfInt(n ...int) int { return n[g.Number(0, len(n)-1)] }

// Seconds draws a time to live: one that outlives every test, or one that is
// over at once, or nonsense.
func (g *Gen) Seconds() string {
	if g.Chance(30) {
		return g.OneOf("0", "-1", "-1000", "9223372036854775807", "-9223372036854775808", "x", "", "1.5", "9223372036854776")
	}
	return g.OneOf("1000", "2000", "5000", "100000", "1000000000")
}

// MillisTTL is Seconds in milliseconds.
func (g *Gen) MillisTTL() string {
	if g.Chance(30) {
		return g.OneOf("0", "-1", "-1000", "9223372036854775807", "-9223372036854775808", "x", "", "1.5")
	}
	return g.OneOf("1000000", "2000000", "5000123", "100000000", "1000000000000")
}

// At draws a moment in seconds since 1970: far ahead, or past, or nonsense.
func (g *Gen) At() string {
	if g.Chance(30) {
		return g.OneOf("0", "1", "-1", "1000000000", strconv.FormatInt(math.MaxInt64, 10), "-9223372036854775808", "x", "")
	}
	return g.OneOf("4102444800", "4102444801", "4200000000", "9999999999")
}

// AtMillis is At in milliseconds.
func (g *Gen) AtMillis() string {
	if g.Chance(30) {
		return g.OneOf("0", "1", "-1", "1000000000000", strconv.FormatInt(math.MaxInt64, 10), "-9223372036854775808", "x", "")
	}
	return g.OneOf("4102444800000", "4102444800001", "4200000000123", "9999999999999")
}

// Many draws between from and to lists of words and joins them.
func (g *Gen) Many(from, to int, draw func() []string) []string {
	var out []string
	for range g.Number(from, to) {
		out = append(out, draw()...)
	}
	return out
}

// Keys draws some keys.
func (g *Gen) Keys(from, to int) []string {
	return g.Many(from, to, func() []string { return []string{g.Key()} })
}

// Options draws options, each with what belongs to it, in any order and some of
// them twice. Words in brackets in an option stand for what is drawn: see Fill.
func (g *Gen) Options(options ...string) []string {
	n := g.OneOfInt(0, 0, 1, 1, 1, 2, 2, 3)
	var out []string
	for range n {
		o := g.OneOf(options...)
		if g.Chance(15) {
			o = lowerWords(o)
		}
		out = append(out, g.Fill(o)...)
	}
	return out
}

// lowerWords puts the words of an option into lower case, but not what stands
// for something.
func lowerWords(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		if w[0] != '<' {
			words[i] = strings.ToLower(w)
		}
	}
	return strings.Join(words, " ")
}

// Fill splits a pattern into words and draws those in angle brackets: <key>,
// <value>, <int>, <small>, <float>, <index>, <offset>, <sec>, <ms>, <at>, <atms>,
// <future>, <futurems>, <pattern>.
func (g *Gen) Fill(pattern string) []string {
	words := strings.Fields(pattern)
	for i, w := range words {
		switch w {
		case "<key>":
			words[i] = g.Key()
		case "<value>":
			words[i] = g.Value()
		case "<int>":
			words[i] = g.Int()
		case "<small>":
			words[i] = g.Small()
		case "<float>":
			words[i] = g.Float()
		case "<index>":
			words[i] = g.Index()
		case "<offset>":
			words[i] = g.Offset()
		case "<sec>":
			words[i] = g.Seconds()
		case "<ms>":
			words[i] = g.MillisTTL()
		case "<at>":
			words[i] = g.At()
		case "<atms>":
			words[i] = g.AtMillis()
		case "<future>":
			words[i] = g.OneOf("4102444800", "4102444801", "9999999999", "0", "-1", "x", "")
		case "<futurems>":
			words[i] = g.OneOf("4102444800000", "4102444800001", "9999999999999", "0", "-1", "x", "")
		case "<pattern>":
			words[i] = g.Pattern()
		}
	}
	return words
}

// Pattern draws a glob.
func (g *Gen) Pattern() string {
	return g.OneOf("*", "a*", "?", "[ab]", "[^a]", "[a-c]", "\\a", "{x}*", "", "*k*k", "bin*", "[a", "a\\", "**", "[\\a]", "[c-a]", "*\xff*", "no-such", "[]", "[^]", "h[ae]llo")
}

// F returns a generator from a pattern of Fill.
func F(pattern string) func(*Gen) []string {
	return func(g *Gen) []string { return g.Fill(pattern) }
}

// mutate spoils an argument list: one dropped, doubled, replaced or added.
func (g *Gen) mutate(args []string) []string {
	args = append([]string(nil), args...)
	junk := func() string {
		return g.OneOf("x", "-1", "0", "1.5", "9223372036854775808", "NX", "GET", "*", "KEEPTTL", "foo", "\x00\xff", "-inf")
	}
	for i := range args { // no value may come to stand for an empty key
		if args[i] == "" {
			args[i] = "e"
		}
	}
	what, at := g.Number(0, 3), 0
	if len(args) > 0 {
		at = g.Number(0, len(args)-1)
	}
	switch {
	case len(args) == 0 || what == 0:
		return append(args, junk())
	case what == 1:
		return append(args[:at], args[at+1:]...)
	case what == 2:
		args[at] = junk()
		return args
	default:
		return append(args[:at:at], append([]string{args[at]}, args[at:]...)...)
	}
}
