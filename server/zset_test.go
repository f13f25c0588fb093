package server

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSortedSets(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"zadd z 1 a 2 b 3 c", "3",
		"zadd z nx 9 a 4 d", "1",
		"zadd z xx ch 5 a 9 none", "1",
		"zadd z gt ch 4 a 6 d", "1",
		"zadd z incr 1.5 b", `"3.5"`,
		"zadd z nx incr 1 b", "nil",
		"zincrby z -0.5 b", `"3"`,
		"zscore z b", `"3"`,
		"zscore z none", "nil",
		"zmscore z a none", `["5" nil]`,
		"zcard z", "4",
		"zrange z 0 -1", `["b" "c" "a" "d"]`,
		"zrange z 0 0 rev withscores", `["d" "6"]`,
		"zrange z (3 +inf byscore", `["a" "d"]`,
		"zrange z +inf -inf byscore rev limit 1 2", `["a" "c"]`,
		"zrevrangebyscore z 5 3", `["a" "c" "b"]`,
		"zcount z (3 6", "2",
		"zrank z a", "2",
		"zrevrank z a", "1",
		"zrank z none", "nil",
		"zrank z a withscore", `[2 "5"]`,
		"zrangestore to z 1 2", "2",
		"zrange to 0 -1 withscores", `["c" "3" "a" "5"]`,
		"zremrangebyrank to 0 0", "1",
		"zremrangebyscore to 5 5", "1",
		"exists to", "0",
		"zpopmin z", `["b" "3"]`,
		"zpopmax z 2", `["d" "6" "a" "5"]`,
		"zmpop 2 none z max count 5", `["z" [["c" "3"]]]`,
		"exists z", "0",
		"zpopmin z", "[]",
		"zmpop 1 z min", "nil",
		"bzpopmin z 0.01", "nil",
	)
}

func TestSortedSetsByMember(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"zadd z 0 a 0 b 0 c 0 d", "4",
		"zrangebylex z [b (d", `["b" "c"]`,
		"zrevrangebylex z + (b limit 0 1", `["d"]`,
		"zrange z - + bylex limit 1 2", `["b" "c"]`,
		"zlexcount z (a +", "3",
		"zremrangebylex z - (c", "2",
		"zrange z 0 -1", `["c" "d"]`,
		"zrangebylex z b d", "-ERR min or max not valid string range item",
	)
}

func TestSortedSetAlgebra(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"zadd a 1 x 2 y", "2",
		"zadd b 10 y 20 z", "2",
		"sadd s y w", "2",
		"zunion 3 a b s withscores", `["w" "1" "x" "1" "y" "13" "z" "20"]`,
		"zinter 2 a b weights 2 -1 withscores", `["y" "-6"]`,
		"zinter 2 a b aggregate max withscores", `["y" "10"]`,
		"zdiff 2 a s", `["x"]`,
		"zintercard 2 a b limit 1", "1",
		"zunionstore a 2 a b aggregate min", "3", // into one of its sources
		"zrange a 0 -1 withscores", `["x" "1" "y" "2" "z" "20"]`,
		"zinterstore a 2 a none", "0",
		"exists a", "0",
		"set str v", "OK",
		"zunion 2 b str", "-WRONGTYPE Operation against a key holding the wrong kind of value",
		"zdiffstore str 1 b", "2",
		"type str", "zset",
	)
}

// zmodel is a sorted set as everybody would write it first.
type zmodel map[string]float64

func (m zmodel) order() []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(m[a], m[b]), strings.Compare(a, b)) })
	return out
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strconv.Quote(w)
	}
	return "[" + strings.Join(out, " ") + "]"
}

// Small and large, a sorted set is a map sorted by score and member, whatever is
// asked of it by rank, by score or by name.
func TestSortedSetsFollowTheModel(t *testing.T) {
	c := dial(t, newServer(t))
	rapid.Check(t, func(rt *rapid.T) {
		c.do("flushall")
		m := zmodel{}
		if rapid.Bool().Draw(rt, "large") {
			for i := range 200 {
				name := fmt.Sprint("n", i)
				c.do("zadd", "z", strconv.Itoa(i%9), name)
				m[name] = float64(i % 9)
			}
		}
		score := rapid.IntRange(-3, 9)
		member := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("n", rapid.IntRange(0, 210).Draw(t, "n")) })
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			k, s := member.Draw(rt, "member"), score.Draw(rt, "score")
			order := m.order()
			switch rapid.IntRange(0, 7).Draw(rt, "step") {
			case 0, 1, 2:
				c.do("zadd", "z", strconv.Itoa(s), k)
				m[k] = float64(s)
			case 3:
				c.do("zrem", "z", k)
				delete(m, k)
			case 4:
				want := "nil"
				if i := slices.Index(order, k); i >= 0 {
					want = strconv.Itoa(i)
				}
				c.want("zrank z "+k, want)
			case 5:
				from := rapid.IntRange(-5, len(m)).Draw(rt, "from")
				a, b := span(int64(from), int64(from)+3, len(order))
				c.want(fmt.Sprintf("zrange z %d %d", from, from+3), quoted(order[a:b]))
			case 6:
				var in []string
				for _, k := range order {
					if m[k] > float64(s) && m[k] <= float64(s+2) {
						in = append(in, k)
					}
				}
				slices.Reverse(in)
				c.want(fmt.Sprintf("zrange z %d (%d byscore rev", s+2, s), quoted(in))
				c.want(fmt.Sprintf("zcount z (%d %d", s, s+2), strconv.Itoa(len(in)))
			case 7:
				c.want("zremrangebyscore z "+strconv.Itoa(s)+" "+strconv.Itoa(s), strconv.Itoa(len(order)-func() (n int) {
					for _, k := range order {
						if m[k] != float64(s) {
							n++
						} else {
							delete(m, k)
						}
					}
					return n
				}()))
			}
		}
		c.want("zrange z 0 -1", quoted(m.order()))
		c.want("zcard z", strconv.Itoa(len(m)))
	})
}

// A scan sees every member once, with its score.
func TestScanOfASortedSet(t *testing.T) {
	c := dial(t, newServer(t))
	for _, n := range []int{5, 300} {
		c.do("del", "z")
		for i := range n {
			c.do("zadd", "z", fmt.Sprint(-i), fmt.Sprint("m", i))
		}
		seen := map[string]bool{}
		for cursor := "0"; ; {
			reply := strings.Fields(strings.NewReplacer("[", " ", "]", " ", `"`, "").Replace(c.do("zscan", "z", cursor, "count", "7")))
			for i := 1; i < len(reply); i += 2 {
				if reply[i+1] != "-"+reply[i][1:] && reply[i] != "m0" || seen[reply[i]] {
					t.Fatalf("%s with %s, seen before: %v", reply[i], reply[i+1], seen[reply[i]])
				}
				seen[reply[i]] = true
			}
			if cursor = reply[0]; cursor == "0" {
				break
			}
		}
		if len(seen) != n {
			t.Fatalf("%d members of %d", len(seen), n)
		}
	}
}
