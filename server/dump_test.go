package server

import (
	"strconv"
	"testing"
)

func TestDumpRestore(t *testing.T) {
	c := dial(t, newServer(t))
	c.want("set n 12345", "OK", "set s "+"hello", "OK", "hset h f v g w", "2", "sadd m a b 3", "3")
	for _, k := range []string{"n", "s", "h", "m"} {
		raw, err := strconv.Unquote(c.do("dump", k))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.do("restore", k, "0", raw); got != "-BUSYKEY Target key name already exists." {
			t.Error(got)
		}
		if got := c.do("restore", k+"2", "5000", raw); got != "OK" {
			t.Error(k, got)
		}
		if got := c.do("restore", k+"2", "0", raw[:len(raw)-1]+"x", "replace"); got != "-ERR DUMP payload version or checksum are wrong" {
			t.Error(k, got)
		}
	}
	// As redis-server 7.0.15 wrote it: a list of its own encoding.
	if got := c.do("restore", "l", "0", "\x12\x01\x02\x0d\x0d\x00\x00\x00\x03\x00\x01\x01\x02\x01\x03\x01\xff\x0a\x00", "replace"); got != "-ERR DUMP payload version or checksum are wrong" {
		t.Error(got)
	}
	c.want("get n2", `"12345"`, "get s2", `"hello"`, "ttl s2", "5", "hgetall h2", `["f" "v" "g" "w"]`, "smembers m2", `["a" "b" "3"]`, "dump nosuch", "nil")
}

func TestSort(t *testing.T) {
	c := dial(t, newServer(t))
	c.want("sadd s 3 1 2 10", "4", "sort s", `["1" "2" "3" "10"]`, "sort s desc limit 1 2", `["3" "2"]`, "sort s alpha", `["1" "10" "2" "3"]`,
		"mset w1 9 w2 8 w3 7 w10 1", "OK", "sort s by w*", `["10" "3" "2" "1"]`, "sort s by w* get # get w*", `["10" "1" "3" "7" "2" "8" "1" "9"]`,
		"hset o1 name x", "1", "sort s get o*->name", `["x" nil nil nil]`,
		"sort s store l", "4", "type l", "list", "sort l desc", `["10" "3" "2" "1"]`,
		"sadd t a b", "2", "sort t", "-ERR One or more scores can't be converted into double", "sort nosuch", "[]", "sort nosuch store l", "0", "exists l", "0",
		"command getkeys sort a store b", `["a" "b"]`, "command getkeys sort a store store b", `["a" "b"]`, "sort_ro s store x", "-ERR syntax error")
}
