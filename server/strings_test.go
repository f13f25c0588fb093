package server

import "testing"

func TestStrings(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"get k", "nil",
		"set k v", "OK",
		"get k", `"v"`,
		"set k w nx", "nil",
		"set k w xx get", `"v"`,
		"set n 5 ex 100 px 5", "-ERR syntax error",
		"set n 5 ex 0", "-ERR invalid expire time in 'set' command",
		"set n 5 ex x", "-ERR value is not an integer or out of range",
		"incr n", "1",
		"incrby n 9223372036854775807", "-ERR increment or decrement would overflow",
		"decrby n 3", "-2",
		"incrbyfloat n 0.1", `"-1.9"`,
		"incr n", "-ERR value is not an integer or out of range",
		"incrbyfloat f 3.0e3", `"3000"`,
		"incrbyfloat f x", "-ERR value is not a valid float",
		"append a foo", "3", "append a bar", "6", "strlen a", "6",
		"getrange a 1 -2", `"ooba"`, "getrange a 5 1", `""`, "substr a 0 2", `"foo"`,
		"setrange a 8 x", "9", "get a", `"foobar\x00\x00x"`,
		"mset x 1 y 2", "OK", "mget x y z", `["1" "2" nil]`,
		"msetnx z 1 x 2", "0", "msetnx z 1 zz 2", "1",
		"mset x", "-ERR wrong number of arguments for 'mset' command",
		"mset x 1 y", "-ERR wrong number of arguments for 'mset' command",
		"getdel x", `"1"`, "exists x y y", "2",
		"getset y 5", `"2"`, "setnx y 6", "0", "get y", `"5"`,
		"setex e 100 v", "OK", "ttl e", "100", "getex e persist", `"v"`, "ttl e", "-1",
		"set e v keepttl ex 5", "-ERR syntax error",
		"lcs k y len", "0",
	)
}

func TestKeys(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"mset a 1 b 2 c 3", "OK",
		"dbsize", "3",
		"rename a d", "OK", "rename a d", "-ERR no such key",
		"renamenx b c", "0", "renamenx b bb", "1",
		"copy c c2", "1", "copy c c2", "0", "copy c c2 replace", "1",
		"keys c*", `["c" "c2"]`,
		"move c 1", "1", "select 1", "OK", "get c", `"3"`, "dbsize", "1",
		"swapdb 0 1", "OK", "dbsize", "3", "select 0", "OK", "get c", `"3"`,
		"swapdb 0 1", "OK",
		"expire d 100", "1", "ttl d", "100", "expire d 50 gt", "0", "expire d 200 gt", "1",
		"persist d", "1", "pttl d", "-1", "pexpire d -1", "1", "exists d", "0",
		"scan 0", `["0" ["bb" "c2"]]`,
		"scan 0 count 1", `["1" ["bb"]]`,
		"scan 1 count 1", `["0" ["c2"]]`,
		"type bb", "string", "type nosuch", "none",
		"flushall", "OK", "dbsize", "0", "randomkey", "nil",
	)
}

func TestMulti(t *testing.T) {
	s := newServer(t)
	a, b := dial(t, s), dial(t, s)
	a.want(
		"exec", "-ERR EXEC without MULTI",
		"multi", "OK", "multi", "-ERR MULTI calls can not be nested", "exec", "[]",
		"multi", "OK", "set k 1", "QUEUED", "incr k", "QUEUED", "get k", "QUEUED", "select 1", "QUEUED", "set k other", "QUEUED", "exec", `[OK 2 "2" OK OK]`,
		"get k", `"other"`, "select 0", "OK", "get k", `"2"`,
		"multi", "OK", "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ", "exec", "-EXECABORT Transaction discarded because of previous errors.",
		"watch k", "OK")
	b.want("incr k", "3")
	a.want("multi", "OK", "set k 9", "QUEUED", "exec", "nil", "get k", `"3"`,
		"watch k", "OK", "multi", "OK", "set k 9", "QUEUED", "exec", "[OK]")
}
