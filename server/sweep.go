package server

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// sweepBatch bounds the keys that one transaction of the sweeper removes.
const sweepBatch = 500

// sweepLoop removes what has expired. It is invisible from its deadline on anyway;
// removing it frees its memory, logs its end and announces it.
func (s *Server) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(s.opts.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for s.sweep() && ctx.Err() == nil {
		}
	}
}

// sweep removes a batch of expired keys, and reports whether there may be more.
func (s *Server) sweep() (more bool) {
	due := s.db.Due(sweepBatch)
	collections := s.dueCollections()
	if len(due) == 0 && len(collections) == 0 {
		return false
	}
	began := time.Now()
	removed := 0
	commit, err := s.update(context.Background(), func(t *Tx) error {
		logical := make(map[string]int)
		for db := range s.opts.Databases {
			logical[t.Space(db).str.Name()] = db
		}
		for _, d := range due {
			// What is there now may be newer than what was due.
			b := t.etx.Bucket(d.Bucket)
			if _, err := b.GetItem(d.Key); err != engine.ErrNotFound {
				continue
			}
			t.fail(b.Delete(context.Background(), d.Key))
			removed++
			if db, ours := logical[d.Bucket]; ours {
				t.touch(db, d.Key)
				t.notify('x', "expired", db, d.Key)
			}
		}
		for _, d := range collections {
			if db, ours := logical[s.buckets[d.phys].str]; ours && t.Space(db).expireCollection(d.deadline, d.key) {
				removed++
			}
		}
		return nil
	})
	if err != nil {
		return false // the log has failed, or the database is closing
	}
	if err := commit.Wait(context.Background()); err != nil {
		return false
	}
	s.stats.expired.Add(int64(removed))
	s.latency.note("expire-cycle", time.Since(began), s.opts.Clock())
	return removed > 0
}

type dueCollection struct {
	phys     int
	deadline int64
	key      []byte
}

// dueCollections reads the beginning of every database's index of deadlines.
func (s *Server) dueCollections() (due []dueCollection) {
	_ = s.db.View(func(etx *engine.Tx) error {
		now := etx.Time().UnixMilli()
		to := binary.BigEndian.AppendUint64(nil, uint64(now+1))
		for phys := range s.opts.Databases {
			for it := range etx.Bucket(s.buckets[phys].ttl).Items(engine.Scan{To: to}) {
				due = append(due, dueCollection{phys, int64(binary.BigEndian.Uint64(it.Key)), it.Key[8:]})
				if len(due) == sweepBatch {
					return nil
				}
			}
		}
		return nil
	})
	return due
}

// expireCollection removes a collection if it still has this deadline.
func (s *Space) expireCollection(deadline int64, key []byte) bool {
	m, ok := s.rawMeta(key)
	if !ok || m.deadline != deadline || deadline > s.t.now {
		return false
	}
	s.dropCollection(key)
	s.t.touch(s.db, key)
	return true
}
