package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// job is an element that is long enough for some thirty to fill a record.
func job(i int) string { return fmt.Sprintf("job:%03d:%s", i, strings.Repeat("x", 20+i%37)) }

// Lists and sorted sets that grow out of their record and shrink again are what the
// model is, command by command and many in a transaction, under another name, copied,
// and after the store was opened again; and all records agree with their pieces.
func TestPiecesFollowTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fsys := memfs.New()
		options := engine.Options{FS: fsys, IdleMark: -1, SweepEvery: -1, Compaction: engine.CompactionOptions{Disabled: true}}
		var db *engine.DB
		var c *client
		open := func() (end func()) {
			var err error
			if db, err = engine.Open("/store", &options); err != nil {
				rt.Fatal(err)
			}
			s, err := New(db, Options{SweepEvery: -1})
			if err != nil {
				rt.Fatal(err)
			}
			c = dial(t, s)
			return func() {
				if err := Check(db); err != nil {
					rt.Fatal(err)
				}
				_ = c.nc.Close()
				if err := s.Shutdown(t.Context()); err != nil {
					rt.Fatal(err)
				}
				if err := db.Close(); err != nil {
					rt.Fatal(err)
				}
			}
		}
		end := open()
		defer func() { end() }()

		var list []string
		scores := zmodel{}
		// Fewer than fill 4 KiB, after which they never come back from elements of their own.
		jobs := rapid.SampledFrom([]int{60, 60, 60, 140}).Draw(rt, "jobs")
		number := rapid.IntRange(0, jobs-1)
		do := func(words ...string) { c.do(words...) }
		step := func() {
			v := job(number.Draw(rt, "job"))
			at := 0
			if len(list) > 0 {
				at = rapid.IntRange(0, len(list)-1).Draw(rt, "place")
			}
			switch what := rapid.IntRange(0, 17).Draw(rt, "step"); {
			case what < 2 && len(list) < jobs:
				many := []string{"rpush", "l"}
				for i := range rapid.IntRange(1, 40).Draw(rt, "how many") {
					if len(list)+i < jobs {
						many = append(many, job((len(v)+7*i)%jobs))
					}
				}
				list = append(list, many[2:]...)
				do(many...)
			case what == 2 && len(list) < jobs:
				list = slices.Insert(list, 0, v)
				do("lpush", "l", v)
			case what == 3 && len(list) > 0:
				list = list[1:]
				do("lpop", "l")
			case what == 4 && len(list) > 0:
				list = list[:len(list)-1]
				do("rpop", "l")
			case what == 5 && len(list) > 0:
				list[at] = v
				do("lset", "l", strconv.Itoa(at), v)
			case what == 6 && len(list) > 0 && len(list) < jobs:
				pivot := list[at]
				list = slices.Insert(list, slices.Index(list, pivot), v)
				do("linsert", "l", "before", pivot, v)
			case what == 7 && len(list) > 0:
				list = slices.DeleteFunc(list, func(s string) bool { return s == v })
				do("lrem", "l", "0", v)
			case what == 8 && len(list) > 0:
				to := rapid.IntRange(at, len(list)-1).Draw(rt, "to")
				list = slices.Clone(list[at : to+1])
				do("ltrim", "l", strconv.Itoa(at), strconv.Itoa(to))
			case what == 9 && len(list) > 0:
				list = append(list[1:], list[0])
				do("lmove", "l", "l", "left", "right")
			case what == 10:
				do("rename", "l", "other")
				do("persist", "other")
				do("rename", "other", "l")
			case what == 11:
				do("copy", "l", "copied")
				do("del", "l")
				do("rename", "copied", "l")
			case what == 12:
				do("expire", "l", "1000")
			case what < 16:
				words := []string{"zadd", "z"}
				for i := range rapid.IntRange(1, 20).Draw(rt, "members") {
					m, s := job((len(v)+11*i)%jobs), float64(rapid.IntRange(-9, 9).Draw(rt, "score"))
					scores[m] = s
					words = append(words, fmt.Sprint(s), m)
				}
				do(words...)
			case what == 16:
				delete(scores, v)
				do("zrem", "z", v)
			case what == 17 && len(scores) > 0:
				delete(scores, scores.order()[0])
				do("zpopmin", "z")
			}
		}
		for range rapid.IntRange(1, 12).Draw(rt, "rounds") {
			many := rapid.Bool().Draw(rt, "multi")
			if many {
				do("multi")
			}
			for range rapid.IntRange(1, 8).Draw(rt, "steps") {
				step()
			}
			if many {
				do("exec")
			}
			if rapid.IntRange(0, 3).Draw(rt, "reopen") == 0 {
				end()
				end = open()
			}
			for command, want := range map[string]string{
				"lrange l 0 -1": quoted(list), "llen l": strconv.Itoa(len(list)),
				"zrange z 0 -1": quoted(scores.order()), "zcard z": strconv.Itoa(len(scores)),
			} {
				if got := c.do(strings.Fields(command)...); got != want {
					rt.Fatalf("%s: got %s, want %s", command, got, want)
				}
			}
		}
	})
}

// What a change of a list or sorted set of some KiB logs is a piece, not all of it.
func TestPiecesLogLittle(t *testing.T) {
	db, c := dialQuiet(t)
	for i := range 70 {
		c.do("rpush", "l", job(i))
		c.do("zadd", "z", strconv.Itoa(i), job(i)[:28])
	}
	for _, command := range []string{
		"rpush l " + job(1), "lpush l " + job(2), "lpop l", "rpop l", "lset l 50 " + job(3), "lrem l 1 " + job(40), "lmove l l left right",
		"zadd z 50.5 new", "zadd z 1 new", "zincrby z 30 " + job(20)[:28], "zrem z " + job(60)[:28], "zpopmin z",
	} {
		before := db.Metrics().LogBytes
		if r := c.do(strings.Fields(command)...); strings.HasPrefix(r, "-") {
			t.Errorf("%s: %s", command, r)
		}
		if n := db.Metrics().LogBytes - before; n > 3*maxPiece {
			t.Errorf("%s logs %d bytes", command, n)
		}
	}
	if err := Check(db); err != nil {
		t.Error(err)
	}
}

// A collection that is gone, in whatever way, leaves no piece behind.
func TestPiecesGoWithTheirCollection(t *testing.T) {
	db, c := dialQuiet(t)
	for _, command := range []string{
		"del l", "unlink l", "rename other l", "set l v", "pexpire l -1", "lpop l 1000", "ltrim l 1 0", "flushdb",
		"sort l alpha store l", "lpush l " + strings.Repeat("y", 100), "move l 1", "copy other l replace",
	} {
		c.do("flushall")
		for i := range 60 {
			c.do("rpush", "l", job(i))
		}
		c.do("rpush", "other", "x")
		c.do(strings.Fields(command)...)
		if err := Check(db); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// Records from before there were pieces hold all of up to 4 KiB themselves. They are
// read as they are, and go into pieces with the first change.
func TestRecordsFromBeforePieces(t *testing.T) {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := serveDB(t, db, Options{SweepEvery: -1})
	c := dial(t, s)
	var jobs []string
	old := meta{kind: KindList, isPacked: true}
	for i := range 70 {
		jobs = append(jobs, job(i))
		old.packed = appendEntry(old.packed, KindList, entry{k: []byte(job(i))})
	}
	if err := s.updateSpace(func(sp *Space) { sp.putMeta([]byte("l"), &old) }); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"", "expire l 1000", "lset l 3 " + jobs[3], "rpush l " + job(70), "rename l l2", "rename l2 l"} {
		if command != "" {
			c.do(strings.Fields(command)...)
		}
		if strings.HasPrefix(command, "rpush") {
			jobs = append(jobs, job(70))
		}
		key := "l"
		if command == "rename l l2" {
			key = "l2"
		}
		c.want("lrange "+key+" 0 -1", quoted(jobs))
		if err := Check(db); err != nil {
			t.Errorf("after %q: %v", command, err)
		}
	}
}
