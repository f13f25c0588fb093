package snapshot

import (
	"iter"

	"github.com/redis-lite/redis-lite/wal/record"
)

// All iterates over the entries in order, a block in memory at a time. The
// entries are the consumer's to keep (keeping one keeps its block). After an
// error, which comes with a zero entry, the iteration ends.
func (r *Reader) All() iter.Seq2[record.Entry, error] { return r.Ascend("", nil) }

// Ascend is All from the first entry on that is not before (bucket, key).
func (r *Reader) Ascend(bucket string, key []byte) iter.Seq2[record.Entry, error] {
	return func(yield func(record.Entry, error) bool) {
		for i := max(r.locate(bucket, key), 0); i < len(r.index); i++ {
			// New buffers for each block: what was yielded stays valid.
			body, err := r.read(i, new(buffer))
			var entries []record.Entry
			if err == nil {
				entries, err = r.entries(i, body, make([]record.Entry, 0, min(r.index[i].count, 4096)))
			}
			if err != nil {
				yield(record.Entry{}, err)
				return
			}
			for _, e := range entries {
				if compare(e.Bucket, e.Key, bucket, key) < 0 {
					continue
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}
