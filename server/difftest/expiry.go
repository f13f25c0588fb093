package difftest

import (
	"strconv"
	"strings"
)

// expiryFamily is the commands on times to live. Deadlines lie far ahead, or in
// the past: nothing here depends on a moment that comes while a test runs.
func expiryFamily() Family {
	when := func(pattern string) func(g *Gen) []string {
		return func(g *Gen) []string { return append(g.Fill(pattern), g.Options("NX", "XX", "GT", "LT", "BAD")...) }
	}
	// One deadline that counts from now must not be as far ahead as another: which
	// of them is greater would be a matter of milliseconds.
	fromNow := func(pattern string, unit int) func(g *Gen) []string {
		plain := when(pattern)
		return func(g *Gen) []string {
			args := plain(g)
			for _, a := range args[2:] {
				if strings.EqualFold(a, "GT") || strings.EqualFold(a, "LT") {
					args[1] = strconv.Itoa((20_000 + g.Number(0, 1<<24)) * unit)
				}
			}
			return args
		}
	}
	return Family{
		Name: "expiry",
		Commands: []Command{
			{Name: "EXPIRE", Exact: true, Args: fromNow("<key> <sec>", 1)},
			{Name: "PEXPIRE", Exact: true, Args: fromNow("<key> <ms>", 1000)},
			{Name: "EXPIREAT", Args: when("<key> <at>")},
			{Name: "PEXPIREAT", Args: when("<key> <atms>")},
			{Name: "EXPIRETIME", Args: F("<key>"), Compare: Seconds},
			{Name: "PEXPIRETIME", Args: F("<key>"), Compare: Millis},
			{Name: "TTL", Args: F("<key>"), Compare: Seconds},
			{Name: "PTTL", Args: F("<key>"), Compare: Millis},
			{Name: "PERSIST", Args: F("<key>")},
		},
	}
}
