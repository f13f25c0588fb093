package recovery

import (
	"errors"
	"fmt"
	"slices"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

// partial takes what can be read of a rotten snapshot: the last resort when no
// snapshot is whole and the log begins too late, at before. The blocks are
// checked one by one, so what is taken is true; what is missing is counted in
// keys, because nobody knows which commits wrote them.
//
// The log is replayed from its beginning all the same, also where the snapshot
// is newer: a key's last operation decides, and heals what a rotten block held.
func (s *salvage) partial(m *Manifest, before uint64) error {
	for _, ref := range slices.Backward(m.Snapshots) {
		if ref.LSN < before || s.o.ToLSN > 0 && ref.LSN > s.o.ToLSN {
			continue
		}
		r, err := openSnapshot(s.fs, s.src, m.Store, &ref, s.o.Codecs)
		if errors.Is(err, ErrCorrupt) {
			continue // without its index nothing of it can be found
		}
		if err != nil {
			return err
		}
		taken, lost, err := s.blocks(r)
		if err := also(err, r.Close()); err != nil {
			return err
		}
		if taken == 0 {
			continue
		}
		s.loss.LostKeys = lost
		s.loss.LastLSN = before
		s.broken, s.doubt = true, "sound, on top of a snapshot that is not whole"
		s.loss.Doubtful = addRange(s.loss.Doubtful, LSNRange{From: 1, To: before, Cause: Behind,
			Reason: fmt.Sprintf("what could be read of the rotten snapshot of LSN %d: %s, %d cannot be had", ref.LSN, plural(int64(taken), "key"), lost)})
		return nil
	}
	return nil
}

// blocks loads the blocks whose checksums hold, and counts the entries of both
// kinds.
func (s *salvage) blocks(r *snapshot.Reader) (taken, lost uint64, err error) {
	for i := range r.Blocks() {
		b := r.Block(i)
		var entries []record.Entry
		var damaged error
		for e, err := range r.Ascend(b.Bucket, b.Key) {
			if err != nil {
				damaged = translateSnapshot(err, "")
				break
			}
			if entries = append(entries, e); len(entries) == b.Count {
				break // what follows is the next block's
			}
		}
		switch {
		case len(entries) == b.Count:
			taken += uint64(b.Count)
			if err := s.image.LoadBlock(entries); err != nil {
				return taken, lost, err
			}
		case errors.Is(damaged, ErrCorrupt):
			lost += uint64(b.Count)
		default:
			return taken, lost, damaged
		}
	}
	return taken, lost, nil
}
