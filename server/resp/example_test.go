package resp_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/redis-lite/redis-lite/server/resp"
)

// A pipeline: all requests that are whole are there after one Fill.
func ExampleReader() {
	r := resp.NewReader(strings.NewReader("*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING hello\r\n*1\r\n$4\r\nPI"), resp.Limits{})
	if err := r.Fill(); err != nil {
		fmt.Println(err)
	}
	for {
		args, ok, err := r.Next()
		if err != nil || !ok {
			fmt.Println("bytes left:", r.Buffered())
			return
		}
		fmt.Printf("%s\n", args)
	}
	// Output:
	// [GET k]
	// [PING hello]
	// bytes left: 10
}

func ExampleWriter() {
	var w resp.Writer
	w.SetProto(3)
	w.Map(1)
	w.BulkString("ratio")
	w.Double(0.5)
	_, _ = os.Stdout.WriteString(strings.ReplaceAll(string(w.Bytes()), "\r\n", "|"))
	// Output: %1|$5|ratio|,0.5|
}
