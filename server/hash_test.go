package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestHashes(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"hset h a 1 b 2 a 3", "2",
		"hget h a", `"3"`,
		"hget h x", "nil",
		"hget none x", "nil",
		"hmget h b x a", `["2" nil "3"]`,
		"hmget none x", "[nil]",
		"hsetnx h a 9", "0",
		"hsetnx h c 9", "1",
		"hgetall h", `["a" "3" "b" "2" "c" "9"]`,
		"hkeys h", `["a" "b" "c"]`,
		"hvals h", `["3" "2" "9"]`,
		"hlen h", "3",
		"hlen none", "0",
		"hexists h a", "1",
		"hexists h x", "0",
		"hstrlen h a", "1",
		"hstrlen h x", "0",
		"hmset h a 5", "OK",
		"hincrby h a 10", "15",
		"hincrby h new -4", "-4",
		"hincrbyfloat h a 0.5", `"15.5"`,
		"hincrbyfloat h new 4", `"0"`,
		"hdel h a b x", "2",
		"hdel h c new", "2",
		"exists h", "0",
		"hdel h a", "0",
	)
}

func TestHashErrors(t *testing.T) {
	c := dial(t, newServer(t))
	const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value"
	c.want(
		"set s v", "OK",
		"hset s a 1", wrongType,
		"hget s a", wrongType,
		"hgetall s", wrongType,
		"hincrby s a 1", wrongType,
		"hincrby s a x", "-ERR value is not an integer or out of range", // before the key is looked at
		"hscan s 0", wrongType,
		"hscan s x", "-ERR invalid cursor",
		"hset h a", "-ERR wrong number of arguments for 'hset' command",
		"hset h a 1 b", "-ERR wrong number of arguments for 'hset' command",
		"hmset h a 1 b", "-ERR wrong number of arguments for 'hmset' command",
		"hset h a x n 9223372036854775807 f 1e5000 i inf", "4",
		"hincrby h a 1", "-ERR hash value is not an integer",
		"hincrby h n 1", "-ERR increment or decrement would overflow",
		"hincrbyfloat h a 1", "-ERR hash value is not a float",
		"hincrbyfloat h n inf", "-ERR value is NaN or Infinity",
		"hincrbyfloat h n nan", "-ERR value is not a valid float",
		"hincrbyfloat h i 1", "-ERR increment would produce NaN or Infinity",
		"hrandfield h x", "-ERR value is not an integer or out of range",
		"hrandfield h -9223372036854775808", "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
		"hrandfield h 1 values", "-ERR syntax error",
		"hrandfield h 9223372036854775807 withvalues", "-ERR value is out of range",
		"hrandfield h -2000000000", "-ERR value or transaction is larger than this server keeps",
		"hscan none 0 bad", `["0" []]`,
		"hscan h 0 bad", "-ERR syntax error",
		"hscan h 0 count 0", "-ERR syntax error",
	)
}

// A hash that has grown out of its record keeps every field, and its deadline.
func TestLargeHash(t *testing.T) {
	c := dial(t, newServer(t))
	const n = 1000
	for i := range n {
		c.want(fmt.Sprintf("hset h f%d %d", i, i), "1")
	}
	c.want("hlen h", "1000", "pexpireat h 4102444800000", "1", "hset h f7 seven f1000 x", "1",
		"hlen h", "1001", "hget h f7", `"seven"`, "hdel h f1000 f1000", "1", "pexpiretime h", "4102444800000")
	all := strings.Fields(strings.Trim(c.do("hkeys", "h"), "[]"))
	slices.Sort(all)
	if all = slices.Compact(all); len(all) != n {
		t.Errorf("%d different fields, want %d", len(all), n)
	}
	seen := map[string]bool{}
	for cursor, calls := "0", 0; ; calls++ {
		reply := strings.NewReplacer("[", " ", "]", " ", `"`, "").Replace(c.do("hscan", "h", cursor, "count", "77", "match", "f*"))
		words := strings.Fields(reply)
		for i := 1; i+1 < len(words); i += 2 {
			seen[words[i]] = true
		}
		if cursor = words[0]; cursor == "0" {
			if calls < n/(77+3*pageEntries) { // whole pages are returned
				t.Errorf("the scan ended after %d calls", calls)
			}
			break
		}
	}
	if len(seen) != n {
		t.Errorf("a scan found %d fields, want %d", len(seen), n)
	}
	for i := range n {
		c.want(fmt.Sprintf("hdel h f%d", i), "1")
	}
	c.want("exists h", "0", "hset h a 1", "1", "pttl h", "-1")
}

func TestHashesInRESP3(t *testing.T) {
	c := dial(t, newServer(t))
	c.do("hello", "3")
	c.want(
		"hset h a 1 b 2", "2",
		"hgetall h", `{"a" "1" "b" "2"}`,
		"hgetall none", `{}`,
		"hkeys h", `["a" "b"]`,
		"hget h x", "nil",
		"hrandfield h 5 withvalues", `[["a" "1"] ["b" "2"]]`,
		"hscan h 0", `["0" ["a" "1" "b" "2"]]`,
	)
}

// Each of many elements is drawn, from small collections and from large ones, and
// a sample holds nothing twice.
func TestRandomElements(t *testing.T) {
	c := dial(t, newServer(t))
	for _, n := range []int{1, 5, 100, 500} {
		args := []string{"hset", "h"}
		for i := range n {
			args = append(args, fmt.Sprint("f", i), strings.Repeat("v", i%3*40)) // each third has a key of its own
		}
		c.do(args...)
		c.do("hset", "other", "x", "y")
		drawn := map[string]int{}
		for range 30 * n {
			drawn[c.do("hrandfield", "h")]++
		}
		if len(drawn) != n {
			t.Errorf("of %d fields %d were ever drawn", n, len(drawn))
		}
		for _, k := range []int{n / 20, n / 2, n - 1, n, n + 1} {
			fields := strings.Fields(strings.Trim(c.do("hrandfield", "h", fmt.Sprint(k)), "[]"))
			slices.Sort(fields)
			if len(slices.Compact(fields)) != min(k, n) {
				t.Errorf("%d of %d fields: got %d different ones", k, n, len(slices.Compact(fields)))
			}
			if again := strings.Fields(c.do("hrandfield", "h", fmt.Sprint(-k))); k > 0 && len(again) != k {
				t.Errorf("%d of %d with repetitions: got %d", k, n, len(again))
			}
		}
	}
}

// A full record takes new values of its fields without coming apart.
func TestFullRecordIsChangedInPlace(t *testing.T) {
	s := newServer(t)
	c := dial(t, s)
	packed := func() (is bool) {
		inTx(t, s, func(sp *Space) { is = open(t, sp, "h", KindHash).Packed() })
		return is
	}
	for i := range beforePages {
		c.want(fmt.Sprintf("hset h f%d v", i), "1")
	}
	if c.want("hset h f7 w f9 w", "0"); !packed() {
		t.Error("it is no longer packed")
	}
	if c.want("hset h one-more v", "1"); packed() {
		t.Error("it is still packed")
	}
	c.want("object encoding h", `"listpack"`)
	for i := range listpackFields - beforePages {
		c.want(fmt.Sprintf("hset h g%d v", i), "1")
	}
	c.want("hlen h", "513", "object encoding h", `"hashtable"`)
	c.want("hset g f v", "1", "hset g f "+strings.Repeat("v", maxPackedElement+1), "0", "object encoding g", `"hashtable"`, "hlen g", "1")
}
