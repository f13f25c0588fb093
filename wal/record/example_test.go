package record_test

import (
	"errors"
	"fmt"

	"github.com/redis-lite/redis-lite/wal/record"
)

func ExampleDecode() {
	b := record.AppendCommit(nil, &record.Commit{Mutations: []record.Mutation{
		{Op: record.OpSet, Bucket: "users", Key: []byte("ann"), Value: []byte("42")},
		{Op: record.OpDelete, Bucket: "users", Key: []byte("bob")},
	}})
	c, _, err := record.Decode(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range c.Mutations {
		fmt.Printf("%v %s %s %q\n", m.Op, m.Bucket, m.Key, m.Value)
	}
	fmt.Println(record.Diagnose(b))
	// Output:
	// set users ann "42"
	// delete users bob ""
	// [1, [[1, "users", 'ann', '42'], [2, "users", 'bob']]]
}

// A record of a newer program is not damage, and must not be treated as such.
func ExampleUnknownError() {
	newer := []byte("\x82\x18\x2a\x80") // [42, []]
	_, _, err := record.Decode(newer)
	fmt.Println(errors.Is(err, record.ErrUnknown), err)
	// Output: true record: unknown kind 42 at byte 1: written by a newer version
}
