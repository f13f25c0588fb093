package server

import "testing"

func TestBits(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"setbit b 7 1", "0", "setbit b 7 0", "1", "setbit b 9 1", "0", "get b", `"\x00@"`,
		"getbit b 9", "1", "getbit b 100", "0",
		"setbit b -1 1", "-ERR bit offset is not an integer or out of range",
		"setbit b 4294967296 1", "-ERR bit offset is not an integer or out of range",
		"setbit b 1 2", "-ERR bit is not an integer or out of range",
		"set s foobar", "OK", "bitcount s", "26", "bitcount s 1 1", "6", "bitcount s 5 30 BIT", "17", "bitcount s 0", "-ERR syntax error",
		"bitpos s 1", "1", "bitpos s 0", "0", "bitpos s 1 2", "17", "bitpos s 1 10 20 bit", "10", "bitpos nosuch 0", "0", "bitpos nosuch 1", "-1",
		"set ff \xff\xff", "OK", "bitpos ff 0", "16", "bitpos ff 0 0 -1", "-1",
		"set x abc", "OK", "bitop and d s x", "6", "get d", "\"`"+`bc\x00\x00\x00"`, "bitop not d x s", "-ERR BITOP NOT must be called with a single source key.",
		"bitop or d nosuch", "0", "exists d", "0",
		"bitfield f incrby i5 100 1 get u4 0", "[1 0]",
		"bitfield f set u8 #0 255 get u8 0 get i8 0", "[0 255 -1]",
		"bitfield f overflow sat incrby u8 0 10 overflow fail incrby u8 0 10 overflow wrap incrby u8 0 10", "[255 nil 9]",
		"bitfield f get u64 0", "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
		"bitfield_ro f set u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand",
		"bitfield f overflow x", "-ERR Invalid OVERFLOW type specified",
	)
}
