package jsonl

import (
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

// Line is one key with all that is told of it.
type Line struct {
	Bucket    string
	HasBucket bool // whether the line names a bucket
	Key       []byte
	Value     []byte
	Deadline  int64 // Unix milliseconds; 0 = none
}

// Append appends the line's JSON and a newline.
func Append(dst []byte, l *Line) []byte {
	dst = append(dst, '{')
	if l.HasBucket {
		dst = append(dst, `"bucket":`...)
		dst = cli.AppendString(dst, l.Bucket)
		dst = append(dst, ',')
	}
	dst = append(dst, `"key":`...)
	dst = cli.AppendBytes(dst, l.Key)
	dst = append(dst, `,"value":`...)
	dst = cli.AppendBytes(dst, l.Value)
	if l.Deadline != 0 {
		dst = append(dst, `,"expires_at":`...)
		dst = cli.AppendTime(dst, time.UnixMilli(l.Deadline))
	}
	return append(dst, '}', '\n')
}
