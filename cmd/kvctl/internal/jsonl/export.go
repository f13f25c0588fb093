package jsonl

import (
	"context"
	"io"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// Export writes every key of a bucket in ascending order, and returns how many
// and how many bytes that were. Lines name the bucket when named is set.
// progress, if any, is called now and then with the bytes written so far.
func Export(ctx context.Context, w io.Writer, b *engine.TxBucket, s engine.Scan, named bool, progress func(bytes int64)) (keys, bytes int64, err error) {
	var line []byte
	for it := range b.Items(s) {
		if keys%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return keys, bytes, err
			}
			if progress != nil {
				progress(bytes)
			}
		}
		line = Append(line[:0], LineOf(b.Name(), named, it))
		if _, err := w.Write(line); err != nil {
			return keys, bytes, err
		}
		keys++
		bytes += int64(len(line))
	}
	return keys, bytes, nil
}

// LineOf is the line of an item.
func LineOf(bucket string, named bool, it engine.Item) *Line {
	l := &Line{Key: it.Key, Value: it.Value, Deadline: millis(it.Deadline)}
	if named {
		l.Bucket, l.HasBucket = bucket, true
	}
	return l
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
