package server

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestLists(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"lpushx l a", "0",
		"exists l", "0",
		"rpush l a b c", "3",
		"lpush l z y", "5",
		"lrange l 0 -1", `["y" "z" "a" "b" "c"]`,
		"lrange l -2 100", `["b" "c"]`,
		"lrange l 3 2", "[]",
		"lrange none 0 -1", "[]",
		"llen l", "5",
		"lindex l -1", `"c"`,
		"lindex l 5", "nil",
		"lset l 1 Z", "OK",
		"linsert l before a new", "6",
		"linsert l after c end", "7",
		"linsert l after nobody x", "-1",
		"linsert none after a x", "0",
		"lrange l 0 -1", `["y" "Z" "new" "a" "b" "c" "end"]`,
		"lpop l", `"y"`,
		"rpop l 2", `["end" "c"]`,
		"lpop l 0", "[]",
		"lpop none", "nil",
		"lpop none 1", "nil",
		"rpush l a b a", "7",
		"lpos l a", "2",
		"lpos l a rank -1", "6",
		"lpos l a count 0", "[2 4 6]",
		"lpos l a count 2 rank 2", "[4 6]",
		"lpos l a maxlen 2", "nil",
		"lpos l nobody count 1", "[]",
		"lrem l -2 a", "2",
		"lrange l 0 -1", `["Z" "new" "a" "b" "b"]`,
		"ltrim l 1 -2", "OK",
		"lrange l 0 -1", `["new" "a" "b"]`,
		"rpoplpush l m", `"b"`,
		"lmove l m left right", `"new"`,
		"lrange m 0 -1", `["b" "new"]`,
		"rpoplpush m m", `"new"`,
		"lmpop 2 none m left count 5", `["m" ["new" "b"]]`,
		"lmpop 1 m right", "nil",
		"exists m", "0",
		"ltrim l 5 6", "OK",
		"exists l", "0",
	)
}

func TestListErrors(t *testing.T) {
	c := dial(t, newServer(t))
	const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value"
	const notInteger = "-ERR value is not an integer or out of range"
	c.want(
		"set s v", "OK",
		"rpush l a", "1",
		"rpush s a", wrongType,
		"lpushx s a", wrongType,
		"lrange s x 1", notInteger,
		"lrange s 0 1", wrongType,
		"lindex none x", "nil", // as Redis: the key first
		"lindex l x", notInteger,
		"lset none x v", "-ERR no such key",
		"lset l x v", notInteger,
		"lset l 1 v", "-ERR index out of range",
		"linsert s beside a b", "-ERR syntax error",
		"lpop l 1 1", "-ERR wrong number of arguments for 'lpop' command",
		"lpop l -1", "-ERR value is out of range, must be positive",
		"lpos l a rank 0", "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
		"lpos l a count -1", "-ERR COUNT can't be negative",
		"lpos l a maxlen -1", "-ERR MAXLEN can't be negative",
		"lpos l a maxlen", "-ERR syntax error",
		"rpoplpush none s", "nil",
		"rpoplpush l s", wrongType,
		"lmove l l left up", "-ERR syntax error",
		"lmpop 0 l left", "-ERR numkeys should be greater than 0",
		"lmpop 1 l", "-ERR wrong number of arguments for 'lmpop' command",
		"lmpop 2 l left", "-ERR syntax error",
		"lmpop 1 l left count 0", "-ERR count should be greater than 0",
		"lmpop 1 l left count 1 count 1", "-ERR syntax error",
		"blpop l x", "-ERR timeout is not a float or out of range",
		"blpop l -1", "-ERR timeout is negative",
		"blpop l inf", "-ERR timeout is negative",
		"blpop s 0", wrongType,
		"lrange l 0 -1", `["a"]`,
	)
}

// Whatever is done to a list, large or small, it is what a slice would be.
func TestListAgainstSlice(t *testing.T) {
	for _, size := range []int{3, 100, 128, 129, 400} {
		rnd := rand.New(rand.NewPCG(1, uint64(size)))
		c := dial(t, newServer(t))
		var model []string
		value := func() string { return fmt.Sprint("v", rnd.IntN(size)) }
		for step := range 2000 {
			switch op := rnd.IntN(10); {
			case op < 4 && len(model) < size:
				v := value()
				if op%2 == 0 {
					model = slices.Insert(model, 0, v)
					c.do("lpush", "l", v)
				} else {
					model = append(model, v)
					c.do("rpush", "l", v)
				}
			case op < 6 && len(model) > 0:
				pivot, v := model[rnd.IntN(len(model))], value()
				i := slices.Index(model, pivot)
				where := "before"
				if op == 5 {
					where, i = "after", i+1
				}
				model = slices.Insert(model, i, v)
				c.want(fmt.Sprintf("linsert l %s %s %s", where, pivot, v), fmt.Sprint(len(model)))
			case op == 6:
				v := value()
				if before := len(model); rnd.IntN(2) == 0 {
					model = slices.DeleteFunc(model, func(s string) bool { return s == v })
					c.want("lrem l 0 "+v, fmt.Sprint(before-len(model)))
				} else if i := slices.Index(model, v); i >= 0 {
					model = slices.Delete(model, i, i+1)
					c.want("lrem l 1 "+v, "1")
				}
			case op == 7 && len(model) > 3:
				from, to := rnd.IntN(3), len(model)-rnd.IntN(3)
				model = slices.Clone(model[from:to])
				c.want(fmt.Sprintf("ltrim l %d %d", from, to-1), "OK")
			case op == 8 && len(model) > 0:
				i := rnd.IntN(len(model))
				model[i] = value()
				c.want(fmt.Sprintf("lset l %d %s", i, model[i]), "OK")
			case op == 9 && len(model) > 0:
				c.want("lmove l l left right", fmt.Sprintf("%q", model[0]))
				model = append(model[1:], model[0])
			}
			if step%20 == 0 {
				want := "[]"
				if len(model) > 0 {
					want = `["` + strings.Join(model, `" "`) + `"]`
				}
				if got := c.do("lrange", "l", "0", "-1"); got != want {
					t.Fatalf("size %d, step %d:\n got %s\nwant %s", size, step, got, want)
				}
				c.want("llen l", fmt.Sprint(len(model)))
			}
		}
	}
}
