package engine

// DueItem is a key whose deadline has passed and that was not removed yet.
type DueItem struct {
	Bucket   string
	Key      []byte // the database's own memory, immutable
	LSN      uint64 // of the write that gave it the deadline
	Deadline int64  // Unix ms
}

// Due returns up to limit keys whose deadline has passed, oldest first. It is for
// a program that removes them itself, to do something about each, and has turned
// the background's sweeper off (Options.SweepEvery); in the transaction that
// deletes one, Get of a key that is due gives ErrNotFound, and of one that was
// written again meanwhile its new value.
func (db *DB) Due(limit int) []DueItem {
	due := db.m.Due(db.opts.Clock().UnixMilli(), limit)
	out := make([]DueItem, len(due))
	for i, d := range due {
		out[i] = DueItem{Bucket: d.Bucket, Key: d.Key, LSN: d.LSN, Deadline: d.Deadline}
	}
	return out
}
