package server

import (
	"math/big"
	"strconv"
	"strings"
)

// Redis computes INCRBYFLOAT in the 80-bit numbers of x86 and writes 17 digits
// behind the point. A big.Float with a mantissa of 64 bits rounds as they do.
const longDouble = 64

// parseLongDouble reads a number as C's strtold would; ok is false for what is no number, NaN included.
func parseLongDouble(b []byte) (f *big.Float, ok bool) {
	s := string(b)
	if s == "" || len(s) > 5<<10 || strings.ContainsAny(s, " \t\n\v\f\r_") {
		return nil, false
	}
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case "inf", "infinity":
		return new(big.Float).SetPrec(longDouble).SetInf(s[0] == '-'), true
	}
	base := 10
	if digits := strings.TrimLeft(s, "+-"); len(digits) > 1 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		base = 0 // hexadecimal, with an exponent behind a p or without
	}
	f, _, err := big.ParseFloat(s, base, longDouble, big.ToNearestEven)
	if err != nil {
		return nil, false
	}
	return f, true
}

// formatLongDouble writes a number as people do: no exponent, no zeros at the end.
func formatLongDouble(f *big.Float) string { return trimHuman(f.Text('f', 17)) }

// formatHuman does it for a double.
func formatHuman(f float64) string { return trimHuman(strconv.FormatFloat(f, 'f', 17, 64)) }

func trimHuman(s string) string {
	if strings.IndexByte(s, '.') >= 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return s
}

func runIncrByFloat(c *Call) {
	s, key := c.Space(), c.Args[1]
	it, ok, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	sum := new(big.Float).SetPrec(longDouble)
	if ok {
		if sum, ok = parseLongDouble(it.Value); !ok {
			c.Fail(ErrNotFloat)
			return
		}
	}
	by, ok := parseLongDouble(c.Args[2])
	if !ok {
		c.Fail(ErrNotFloat)
		return
	}
	text, ok := addLongDouble(sum, by)
	if !ok {
		c.Failf("increment would produce NaN or Infinity")
		return
	}
	s.Update(it, key, []byte(text))
	s.Notify('$', "incrbyfloat", key)
	c.BulkString(text)
}

// addLongDouble returns the sum as it is stored; ok is false when it is no finite
// number.
func addLongDouble(a, b *big.Float) (text string, ok bool) {
	if a.IsInf() || b.IsInf() {
		return "", false
	}
	sum := new(big.Float).SetPrec(longDouble).SetMode(big.ToNearestEven).Add(a, b)
	// The largest long double has an exponent of 16384.
	if sum.IsInf() || sum.MantExp(nil) > 16384 {
		return "", false
	}
	return formatLongDouble(sum), true
}
