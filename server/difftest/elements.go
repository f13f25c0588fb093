package difftest

import "strconv"

// elements are what hashes, sets and lists hold; few, so that commands meet each
// other's.
var elements = []string{
	"a", "b", "c", "d", "e", "1", "2", "3", "-4", "100", "", "bin\x00\xff\r\n", "01", "9223372036854775807",
	"a field of more than sixty-four bytes, which no listpack of Redis keeps",
}

// Element draws a field, a member or an element of a list.
func (g *Gen) Element() string {
	if g.Chance(10) {
		return g.Value()
	}
	return g.OneOf(elements...)
}

// Elements draws some.
func (g *Gen) Elements(from, to int) []string {
	return g.Many(from, to, func() []string { return []string{g.Element()} })
}

// Run returns n different elements, more than small collections hold.
func (g *Gen) Run(n int) []string {
	from, prefix := g.OneOfInt(0, 0, 50), g.OneOf("", "", "member-")
	out := make([]string, n)
	for i := range out {
		out[i] = prefix + strconv.Itoa(from+i)
	}
	return out
}

// RandomCount draws how many random elements to ask for. Redis would send as many
// as a negative number says, whatever it is.
func (g *Gen) RandomCount() string {
	return g.OneOf("0", "1", "2", "3", "5", "10", "300", "-1", "-2", "-5", "-20", "-300", "9223372036854775807",
		"4611686018427387904", "-9223372036854775808", "9223372036854775808", "x", "", "1.5")
}
