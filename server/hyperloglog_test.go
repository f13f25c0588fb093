package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

func TestHyperLogLog(t *testing.T) {
	c := dial(t, newServer(t))
	const empty = `"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00`
	c.want(
		"pfadd h", "1",
		"get h", empty+`\x80\x7f\xff"`,
		"pfadd h", "0",
		"pfcount h", "0",
		"get h", empty+`\x00\x7f\xff"`, // the count is kept now
		"pfadd h a b c a", "1",
		"pfadd h a b", "0",
		"pfcount h", "3",
		"pfadd other c d", "1",
		"pfcount h other none", "4",
		"pfmerge all h other none", "OK",
		"pfcount all", "4",
		"pfmerge new", "OK",
		"pfcount new", "0",
		"pfcount none", "0",
		"exists none", "0",
		"expireat h 4102444800", "1",
		"pfadd h x", "1",
		"expiretime h", "4102444800", // stays
		"multi", "OK", "pfcount h", "QUEUED", "exec", "[4]",
	)
}

func TestHyperLogLogErrors(t *testing.T) {
	c := dial(t, newServer(t))
	const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value"
	const invalid = "-WRONGTYPE Key is not a valid HyperLogLog string value."
	const corrupt = "-INVALIDOBJ Corrupted HLL object detected"
	c.want("sadd set a", "1", "set str v", "OK", "set n 12345", "OK", "pfadd h a", "1")
	for _, cmd := range []string{"pfadd", "pfcount", "pfcount h", "pfmerge h", "pfmerge"} {
		c.want(cmd+" set", wrongType, cmd+" str", invalid, cmd+" n", invalid)
	}
	// One register short of being whole.
	c.do("set", "broken", "HYLL\x01"+strings.Repeat("\x00", 10)+"\x80\x7f\xfe")
	c.want("pfcount broken", corrupt, "pfcount h broken", corrupt, "pfmerge h broken", corrupt, "pfcount h", "1")
	// An element that cannot be added takes those before it along.
	c.do("set", "short", "HYLL\x01"+strings.Repeat("\x00", 10)+"\x80\x7f\x00")
	before := c.do("get", "short")
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprint("e", i))
	}
	if got := c.do(append([]string{"pfadd", "short"}, many...)...); got != corrupt {
		t.Errorf("pfadd: %s", got)
	}
	if got := c.do("get", "short"); got != before {
		t.Errorf("it has become %s", got)
	}
}

// PFCOUNT keeps the count that it has worked out; at the memory limit it answers
// all the same.
func TestHyperLogLogAtTheMemoryLimit(t *testing.T) {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1, MemoryLimit: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, serveDB(t, db, Options{}))
	c.want("pfadd h a b c", "1")
	for _, size := range []int{1000, 1} {
		for i := 0; ; i++ {
			if got := c.do("set", fmt.Sprint("key", size, i), strings.Repeat("x", size)); strings.HasPrefix(got, "-OOM") {
				break
			} else if i > 1000 {
				t.Fatal("no limit")
			}
		}
	}
	c.sendAll("get none", "pfcount h", "get none", "pfcount h")
	for _, want := range []string{"nil", "3", "nil", "3"} {
		if got := c.reply(); got != want {
			t.Errorf("in a pipeline: got %s, want %s", got, want)
		}
	}
	c.want("pfcount h", "3", "multi", "OK", "pfcount h", "QUEUED", "exec", "[3]")
}
