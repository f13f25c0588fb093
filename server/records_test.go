package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Commands of one transaction answer, and leave behind, what the same commands do
// one after the other.
func TestCommandsOfATransactionSeeEachOther(t *testing.T) {
	commands := strings.Split("lpush K V|rpush K V W|lpop K|rpop K 2|lrange K 0 -1|ltrim K 1 -1|lmove K J left right|hset K V W|hdel K V|hgetall K|"+
		"sadd K V|srem K V|scard K|smembers K|smove K J V|zadd K 1 V|zadd K 2 V|zincrby K 3 V|zrem K V|zrange K 0 -1 withscores|zcard K|"+
		"set K V|del K|del K J|exists K J|type K|rename K J|copy K J|copy K J replace|move K 1|expireat K 4102444800|pexpire K -1|persist K|pexpiretime K|"+
		"dbsize|keys *|scan 0|flushdb|swapdb 0 1|randomkey|object encoding K|sort K alpha|sunionstore J K|zunionstore J 1 K", "|")
	rapid.Check(t, func(rt *rapid.T) {
		apart, together := dial(t, newServer(t)), dial(t, newServer(t))
		keys := []string{"a", "b"}
		key, value := rapid.SampledFrom(keys), rapid.SampledFrom([]string{"x", "y", "z", strings.Repeat("w", 70)})
		for range rapid.IntRange(1, 3).Draw(rt, "transactions") {
			list := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) []string {
				words := strings.Fields(rapid.SampledFrom(commands).Draw(rt, "command"))
				for i, w := range words {
					switch w {
					case "K", "J":
						words[i] = key.Draw(rt, "key")
					case "V", "W":
						words[i] = value.Draw(rt, "value")
					}
				}
				return words
			}), 1, 20).Draw(rt, "commands")
			var want []string
			together.want("multi", "OK")
			for _, words := range list {
				reply := apart.do(words...)
				together.do(words...)
				if words[0] == "randomkey" && reply != "nil" {
					reply = "KEY"
				}
				want = append(want, reply)
			}
			got := together.do("exec")
			for i, words := range list {
				if words[0] == "randomkey" && want[i] == "KEY" {
					for _, k := range keys { // any will do
						if all := fmt.Sprint("[", strings.Join(append(slices.Clone(want[:i]), strconv.Quote(k)), " ")); strings.HasPrefix(got, all) {
							want[i] = strconv.Quote(k)
						}
					}
				}
			}
			if all := "[" + strings.Join(want, " ") + "]"; got != all {
				rt.Fatalf("%q\ntogether: %s\napart:    %s", list, got, all)
			}
			for _, k := range keys {
				for _, read := range []string{"get K", "hgetall K", "lrange K 0 -1", "smembers K", "zrange K 0 -1 withscores"} {
					words := strings.Fields(strings.ReplaceAll(read, "K", k))
					if a, b := together.do(words...), apart.do(words...); a != b {
						rt.Fatalf("%q\n%s of %s: together %s, apart %s", list, read, k, a, b)
					}
				}
			}
		}
	})
}

// Of records that a transaction has changed, each is found again among many, in its
// own database, as it was left.
func TestManyRecordsInATransaction(t *testing.T) {
	c := dial(t, newServer(t))
	const n = 3 * manyChanges
	for _, word := range []string{"rpush", "read"} {
		var replies []string
		c.want("multi", "OK")
		for db := range 2 {
			c.want(fmt.Sprint("select ", db), "QUEUED")
			replies = append(replies, "OK")
			for i := range n {
				if word == "rpush" {
					c.want(fmt.Sprintf("rpush k%d x %d:%d y", i, db, i), "QUEUED")
					c.want(fmt.Sprintf("ltrim k%d 1 -1", i), "QUEUED")
					replies = append(replies, "3", "OK")
				}
				c.want(fmt.Sprintf("lrange k%d 0 -1", i), "QUEUED")
				replies = append(replies, fmt.Sprintf(`["%d:%d" "y"]`, db, i))
			}
		}
		c.want("exec", "["+strings.Join(replies, " ")+"]")
	}
}

// However many commands of a transaction change a collection, its record is logged
// once; and what has come and gone is logged too.
func TestATransactionLogsARecordOnce(t *testing.T) {
	db, c := dialQuiet(t)
	logged := func(n int, command string) int64 {
		before := db.Metrics().LogBytes
		c.want("multi", "OK")
		for i := range n {
			c.want(strings.ReplaceAll(command, "%d", fmt.Sprint(i)), "QUEUED")
		}
		c.do("exec")
		return db.Metrics().LogBytes - before
	}
	long := strings.Repeat("e", 60)
	for _, command := range []string{"hset h %d " + long[:15], "rpush l %d" + long, "zadd z %d " + "m%d" + long} {
		// Forty entries of some 65 bytes: written at each change they would be 50 KiB.
		if got := logged(40, command); got > 4000 {
			t.Errorf("40 times %q logs %d bytes", command, got)
		}
	}
	if got := logged(1, "rpush gone x") - logged(0, ""); got == 0 {
		t.Fatal("rpush logs nothing")
	}
	c.want("del gone", "1", "multi", "OK", "rpush gone x", "QUEUED", "lpop gone", "QUEUED")
	before := db.Metrics().LogBytes
	c.want("exec", `[1 "x"]`)
	if db.Metrics().LogBytes == before {
		t.Error("what was pushed and taken in one transaction has left no trace")
	}
	if err := Check(db); err != nil {
		t.Error(err)
	}
}
