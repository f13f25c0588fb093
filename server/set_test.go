package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSets(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"sadd s a b c a", "3",
		"sadd s a", "0",
		"scard s", "3",
		"sismember s a", "1",
		"sismember s x", "0",
		"smismember s a x c", "[1 0 1]",
		"smismember none a", "[0]",
		"smembers s", `["a" "b" "c"]`,
		"srem s a x", "1",
		"smove s other b", "1",
		"smove s other b", "0",
		"smove s s c", "1",
		"smembers other", `["b"]`,
		"smove s other c", "1",
		"exists s", "0",
		"srandmember other 5", `["b" "c"]`,
		"srandmember none", "nil",
		"srandmember none 2", "[]",
		"spop none", "nil",
		"spop none 3", "[]",
		"spop other 0", "[]",
		"spop other 5", `["b" "c"]`,
		"exists other", "0",
		"sadd one x", "1",
		"spop one", `"x"`,
		"exists one", "0",
	)
}

func TestSetErrors(t *testing.T) {
	c := dial(t, newServer(t))
	const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value"
	c.want(
		"set str v", "OK",
		"sadd s a", "1",
		"sadd str a", wrongType,
		"smove none str a", "0", // as Redis: the source first
		"smove s str a", wrongType,
		"sinter none str", wrongType,
		"sunionstore d s str", wrongType,
		"sinterstore str s s", "1", // the destination may be anything
		"type str", "set",
		"sdiffstore str s s", "0",
		"exists str", "0",
		"spop s -1", "-ERR value is out of range, must be positive",
		"spop s x", "-ERR value is out of range, must be positive",
		"spop s 1 1", "-ERR syntax error",
		"srandmember s x", "-ERR value is not an integer or out of range",
		"sintercard 0 s", "-ERR numkeys should be greater than 0",
		"sintercard x s", "-ERR numkeys should be greater than 0",
		"sintercard 2 s", "-ERR Number of keys can't be greater than number of args",
		"sintercard 1 s limit -1", "-ERR LIMIT can't be negative",
		"sintercard 1 s limit", "-ERR syntax error",
		"sintercard 1 s s", "-ERR syntax error",
	)
}

func TestSetAlgebra(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"sadd a 1 2 3 4", "4",
		"sadd b 3 4 5", "3",
		"sadd c 4", "1",
		"sinter a b c", `["4"]`,
		"sinter a none", "[]",
		"sunion c b none", `["4" "3" "5"]`,
		"sdiff a b", `["1" "2"]`,
		"sdiff a a", "[]",
		"sdiff none a", "[]",
		"sintercard 2 a b", "2",
		"sintercard 2 a b limit 1", "1",
		"pexpireat a 4102444800000", "1",
		"sunionstore a a b", "5", // the destination is a source
		"smembers a", `["1" "2" "3" "4" "5"]`,
		"pttl a", "-1",
		"sinterstore a a none", "0",
		"exists a", "0",
	)
	c.do("hello", "3")
	c.want("sunion b", `~["3" "4" "5"]`, "smembers none", "~[]", "spop b 1000", `~["3" "4" "5"]`, "srandmember c 3", `["4"]`)
}

// Sets of any size agree with maps, packed or not, whichever way the algebra goes
// about it.
func TestSetAlgebraOfLargeSets(t *testing.T) {
	c := dial(t, newServer(t))
	sizes := []int{0, 3, 100, 129, 700}
	members := func(i int) (m map[string]bool) {
		m = map[string]bool{}
		for j := range sizes[i] {
			m[fmt.Sprint("m", j*(i+1)%1000)] = true
		}
		return m
	}
	for i := range sizes {
		for m := range members(i) {
			c.do("sadd", fmt.Sprint("s", i), m)
		}
	}
	check := func(command string, want map[string]bool) {
		t.Helper()
		got := strings.Fields(strings.NewReplacer("[", " ", "]", " ", `"`, "").Replace(c.do(strings.Fields(command)...)))
		slices.Sort(got)
		if len(got) != len(want) || len(slices.Compact(got)) != len(want) {
			t.Fatalf("%s: %d members, want %d", command, len(got), len(want))
		}
		for _, m := range got {
			if !want[m] {
				t.Fatalf("%s: %s is too much", command, m)
			}
		}
	}
	for i := range sizes {
		for j := range sizes {
			for k := range sizes {
				inter, union, diff := map[string]bool{}, map[string]bool{}, map[string]bool{}
				a, b, d := members(i), members(j), members(k)
				for m := range a {
					union[m] = true
					if b[m] && d[m] {
						inter[m] = true
					}
					if !b[m] && !d[m] {
						diff[m] = true
					}
				}
				for m := range b {
					union[m] = true
				}
				for m := range d {
					union[m] = true
				}
				keys := fmt.Sprintf(" s%d s%d s%d", i, j, k)
				check("sinter"+keys, inter)
				check("sunion"+keys, union)
				check("sdiff"+keys, diff)
				c.want("sunionstore to"+keys, fmt.Sprint(len(union)))
				check("smembers to", union)
			}
		}
	}
}

// Popping takes every member out once, with and without a count.
func TestPopEmptiesASet(t *testing.T) {
	c := dial(t, newServer(t))
	for _, n := range []int{1, 100, 400} {
		args := []string{"sadd", "s"}
		for i := range n {
			args = append(args, fmt.Sprint("m", i))
		}
		c.do(args...)
		popped := map[string]bool{}
		for len(popped) < n {
			count := len(popped)%7 + 1
			for _, m := range strings.Fields(strings.Trim(c.do("spop", "s", fmt.Sprint(count)), "[]")) {
				if popped[m] {
					t.Fatalf("%s was popped twice", m)
				}
				popped[m] = true
			}
			c.want("scard s", fmt.Sprint(n-len(popped)))
			if m := c.do("spop", "s"); m != "nil" {
				if popped[m] {
					t.Fatalf("%s was popped twice", m)
				}
				popped[m] = true
			}
		}
		c.want("exists s", "0")
	}
}
