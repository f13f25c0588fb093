package server

import (
	"fmt"
	"strings"
	"testing"
)

// What a command on a large collection logs depends on what it changes, and not on
// how much else is there.
func TestLargeCollectionsLogLittle(t *testing.T) {
	db, c := dialQuiet(t)
	const n = 10_000
	for _, command := range [][]string{{"hset", "h"}, {"sadd", "s"}, {"rpush", "l"}} {
		for i := range n {
			if command = append(command, fmt.Sprint("element", i)); command[0] == "hset" {
				command = append(command, "v")
			}
		}
		c.do(command...)
	}
	for _, test := range []struct {
		command, reply string
		most           int64 // bytes of a record
	}{
		{"hset h element5000 w", "0", 900}, // a page
		{"hset h another w", "1", 1800},    // and perhaps one that is added
		{"hdel h another", "1", 900},
		{"sadd s another", "1", 1800},
		{"lpush l another", "10001", 110},
		{"rpush l another", "10002", 110},
		{"lpop l", `"another"`, 100},
		{"lset l 5000 v", "OK", 80},
		{"lmove l l left right", `"element0"`, 160},
		{"linsert l after element3 v", "10002", 600}, // what lies between it and the nearer end moves
		{"ltrim l 100 -100", "OK", 160},
		{"pexpireat h 4102444800000", "1", 110},
		{"rename h h2", "OK", 170},
		{"rename s h2", "OK", 250},
		{"del l", "1", 110},
		{"pexpireat h2 1", "1", 170},
		{"dbsize", "0", 0},
	} {
		before := db.Metrics().LogBytes
		if got := c.do(strings.Fields(test.command)...); got != test.reply {
			t.Errorf("%s: got %s, want %s", test.command, got, test.reply)
		}
		if logged := db.Metrics().LogBytes - before; logged > test.most {
			t.Errorf("%s logs %d bytes, which is more than %d", test.command, logged, test.most)
		} else {
			t.Logf("%s logs %d bytes", test.command, logged)
		}
	}
	if err := Check(db); err != nil {
		t.Error(err)
	}
}

// What a command with many elements logs is about what it adds, though it changes each
// page many times.
func TestManyElementsLogEachPageOnce(t *testing.T) {
	db, c := dialQuiet(t)
	const n = 2000
	fields, members, other := []string{"hset", "h"}, []string{"sadd", "s"}, []string{"sadd", "t"}
	for i := range n {
		fields = append(fields, fmt.Sprintf("field%05d", i), "0123456789")
		members = append(members, fmt.Sprintf("member%04d", i))
		other = append(other, fmt.Sprintf("other%05d", i))
	}
	for _, test := range []struct {
		command []string
		payload int // bytes of the elements that are new
	}{
		{fields, 20 * n}, {members, 10 * n}, {other, 10 * n}, {fields, 20 * n},
		{[]string{"copy", "h", "h2"}, 20 * n}, {[]string{"sunionstore", "u", "s", "t"}, 20 * n},
		{append([]string{"srem", "u"}, members[2:]...), 10 * n},
	} {
		before := db.Metrics().LogBytes
		c.do(test.command...)
		if logged := int(db.Metrics().LogBytes - before); logged < test.payload/2 || logged > 2*test.payload {
			t.Errorf("%.30q logs %d bytes, of %d", test.command, logged, test.payload)
		}
	}
	c.want("hlen h2", fmt.Sprint(n), "scard u", fmt.Sprint(n))
	if err := Check(db); err != nil {
		t.Error(err)
	}
}
