package page

import (
	"fmt"
	"testing"

	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// monday is when samples begin, in Unix milliseconds: 2 March 2026, 9:00 UTC.
const monday = 1772442000000

// sample is a store of an ordinary program: sessions, users, counters and a queue
// over an hour, in some segments. The same each time.
type sample struct {
	*recoverytest.Builder
	seg     *recoverytest.Segment
	random  uint32
	now     int64
	pending []record.Commit
	n       int
}

func newSample(t testing.TB, dir string) *sample {
	s := &sample{Builder: recoverytest.New(t, osfs.New(), dir), random: 7, now: monday}
	s.Manifest.Created = monday
	s.seg = s.Segment()
	return s
}

// rand is a number below n.
func (s *sample) rand(n int) int {
	s.random = s.random*1664525 + 1013904223
	return int(s.random>>8) % n
}

func set(bucket, key, value string) record.Mutation {
	return record.Mutation{Op: record.OpSet, Bucket: bucket, Key: []byte(key), Value: []byte(value)}
}

// commits adds n transactions, a few in each frame, and rotates where a segment
// has grown to size.
func (s *sample) commits(n int, size int64) {
	for range n {
		s.now += int64(200 + s.rand(2600))
		if s.n/150%4 == 3 {
			s.now -= 1900 // a busy time
			s.now = max(s.now, monday)
		}
		c := record.Commit{Time: s.now}
		user := 1000 + s.rand(40)
		switch p := s.rand(100); {
		case p < 38:
			m := set("", fmt.Sprintf("session/%08x", s.rand(1<<30)), fmt.Sprintf(`{"user":%d,"agent":"Mozilla/5.0","page":"/cart/%d"}`, user, s.rand(90)))
			m.Deadline = s.now + 30*60*1000
			c.Mutations = append(c.Mutations, m)
		case p < 62:
			c.Mutations = append(c.Mutations, set("users", fmt.Sprintf("user/%d", user), fmt.Sprintf(`{"name":"%s","seen":%d}`, []string{"Ann", "Bo", "Chi", "Dee", "Eli"}[user%5], s.now)))
		case p < 76:
			c.Mutations = append(c.Mutations, set("", "counter/visits", fmt.Sprint(s.n*3)), set("", fmt.Sprintf("counter/page/%d", s.rand(12)), fmt.Sprint(s.rand(9000))))
		case p < 84:
			c.Mutations = append(c.Mutations, record.Mutation{Op: record.OpDelete, Bucket: "users", Key: fmt.Appendf(nil, "user/%d", user)})
		case p < 91:
			c.Mutations = append(c.Mutations, record.Mutation{Op: record.OpDelete, Key: fmt.Appendf(nil, "queue/%04d", s.rand(400))})
		case p < 94:
			from := s.rand(300)
			c.Mutations = append(c.Mutations, record.Mutation{Op: record.OpDeleteRange, Key: fmt.Appendf(nil, "queue/%04d", from), To: fmt.Appendf(nil, "queue/%04d", from+40)})
		default:
			b := make([]byte, 40+s.rand(400))
			for i := range b {
				b[i] = byte(s.rand(256))
			}
			c.Mutations = append(c.Mutations, record.Mutation{Op: record.OpSet, Bucket: "images", Key: fmt.Appendf(nil, "thumb/%d", user), Value: b})
		}
		s.n++
		if s.pending = append(s.pending, c); s.rand(3) > 0 {
			continue
		}
		s.flush()
		switch {
		case s.seg.End() > size:
			s.seg.Seal()
			s.seg = s.Segment()
			s.seg.Header.Created = s.now
			s.seg.Encode()
		case s.rand(20) == 0:
			s.seg.Mark()
		}
	}
	s.flush()
}

func (s *sample) flush() {
	if len(s.pending) > 0 {
		s.seg.Frame(wal.FlagSynced, s.pending...)
		s.pending = nil
	}
}

// damage inverts a byte of a value in the middle of a segment.
func (s *sample) damage(seg *recoverytest.Segment) recoverytest.Frame {
	f := seg.Frames[len(seg.Frames)*3/5]
	seg.Flip(f.Offset + wal.FrameHeaderSize + (f.End-f.Offset-wal.FrameHeaderSize)/2)
	return f
}

// tear cuts the last frame of the last segment.
func (s *sample) tear() {
	f := s.seg.Frames[len(s.seg.Frames)-1]
	s.seg.Buf = s.seg.Buf[:f.Offset+(f.End-f.Offset)*2/3]
}
