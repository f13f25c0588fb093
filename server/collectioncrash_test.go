package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
	"pgregory.net/rapid"
)

// served is the server, on a store that crashes, as crashtest sees it. An
// operation is a command, or a transaction with bars between its commands. What a
// recovered store shows has passed Check first: no count that disagrees, nothing
// half-moved.
type served struct{}

var _ crashtest.Prober[string] = served{}

func (served) Open(fsys vfs.FS) (crashtest.Store[string], error) {
	seed := uint64(1)
	random := func() uint64 { seed = seed*6364136223846793005 + 1442695040888963407; return seed }
	db, err := engine.Open("/store", &engine.Options{
		FS: fsys, Rand: random, SegmentSize: 8 << 10, FillStep: 1 << 10, IdleMark: -1, SweepEvery: -1,
		Clock:      func() time.Time { return time.UnixMilli(1000) },
		Compaction: engine.CompactionOptions{Disabled: true},
	})
	if err != nil {
		return &servedStore{}, err
	}
	s, err := New(db, Options{SweepEvery: -1, Rand: random})
	if err != nil {
		return &servedStore{db: db}, err
	}
	near, far := net.Pipe()
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		s.ServeConn(far)
	}()
	return &servedStore{db: db, srv: s, nc: near, rd: bufio.NewReader(near)}, nil
}

func (served) Probe() string { return "rpush probe p" }

type servedStore struct {
	db  *engine.DB
	srv *Server
	nc  net.Conn
	rd  *bufio.Reader
}

func (s *servedStore) Do(op string) error {
	commands := strings.Split(op, " | ")
	if len(commands) > 1 {
		commands = append(append([]string{"multi"}, commands...), "exec")
	}
	var last string
	for _, one := range commands {
		if one == "compact" {
			_, err := s.db.Compact(context.Background())
			return err
		}
		if _, err := s.nc.Write(request(strings.Fields(one)...)); err != nil {
			return err
		}
		var err error
		if last, err = readReply(s.rd); err != nil {
			return err
		}
	}
	if strings.HasPrefix(last, "-MISCONF") || strings.HasPrefix(last, "-ERR") {
		return errors.New(last)
	}
	return nil
}

// Dump checks the buckets and reads all keys.
func (s *servedStore) Dump() (crashtest.State, error) {
	if err := Check(s.db); err != nil {
		return nil, err
	}
	state := crashtest.State{}
	err := s.srv.viewTx(func(t *Tx) error {
		sp := t.Space(0)
		sp.keysFrom(nil, nil, func(key []byte, kind Kind) bool {
			v := modelValue{kind: kind.String()}
			if c, ok := sp.OpenAny(key); ok {
				c.each(func(e entry) {
					switch kind {
					case KindHash:
						v.elems = append(v.elems, string(e.k)+"="+string(e.v))
					case KindZset:
						v.elems = append(v.elems, fmt.Sprintf("%s=%v", e.k, decodeScore(e.v)))
					default:
						v.elems = append(v.elems, string(e.k))
					}
				})
			}
			v.put(state, string(key))
			return true
		})
		return t.err
	})
	return state, err
}

func (s *servedStore) Close() error {
	if s.nc != nil {
		_ = s.nc.Close()
		_ = s.srv.Shutdown(context.Background())
	}
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// modelValue is a collection of the model. In a state it is its kind and its elements.
type modelValue struct {
	kind  string
	elems []string
}

func valueOf(s crashtest.State, key, kind string) modelValue {
	words := strings.Fields(s[key])
	if len(words) == 0 {
		return modelValue{kind: kind}
	}
	return modelValue{words[0], words[1:]}
}

func (v modelValue) put(s crashtest.State, key string) {
	if len(v.elems) == 0 {
		delete(s, key)
		return
	}
	if v.kind != "list" {
		slices.Sort(v.elems)
		v.elems = slices.Compact(v.elems)
	}
	s[key] = v.kind + " " + strings.Join(v.elems, " ")
}

// Apply is Redis, as far as the operations here go: all keys are of the type that
// is asked for.
func (served) Apply(s crashtest.State, op string) {
	for _, one := range strings.Split(op, " | ") {
		w := strings.Fields(one)
		switch w[0] {
		case "lpush", "rpush":
			v := valueOf(s, w[1], "list")
			for _, e := range w[2:] {
				if w[0] == "lpush" {
					v.elems = slices.Insert(v.elems, 0, e)
				} else {
					v.elems = append(v.elems, e)
				}
			}
			v.put(s, w[1])
		case "lpop":
			if v := valueOf(s, w[1], "list"); len(v.elems) > 0 {
				v.elems = v.elems[1:]
				v.put(s, w[1])
			}
		case "lmove": // from right to left
			if v := valueOf(s, w[1], "list"); len(v.elems) > 0 {
				e := v.elems[len(v.elems)-1]
				v.elems = v.elems[:len(v.elems)-1]
				v.put(s, w[1])
				to := valueOf(s, w[2], "list")
				to.elems = slices.Insert(to.elems, 0, e)
				to.put(s, w[2])
			}
		case "linsert": // before
			v := valueOf(s, w[1], "list")
			if i := slices.Index(v.elems, w[3]); i >= 0 {
				v.elems = slices.Insert(v.elems, i, w[4])
				v.put(s, w[1])
			}
		case "hset":
			v := valueOf(s, w[1], "hash")
			for i := 2; i < len(w); i += 2 {
				v.elems = slices.DeleteFunc(v.elems, func(e string) bool { return strings.HasPrefix(e, w[i]+"=") })
				v.elems = append(v.elems, w[i]+"="+w[i+1])
			}
			v.put(s, w[1])
		case "hdel":
			v := valueOf(s, w[1], "hash")
			v.elems = slices.DeleteFunc(v.elems, func(e string) bool { return strings.HasPrefix(e, w[2]+"=") })
			v.put(s, w[1])
		case "sadd":
			v := valueOf(s, w[1], "set")
			v.elems = append(v.elems, w[2:]...)
			v.put(s, w[1])
		case "smove":
			from := valueOf(s, w[1], "set")
			if i := slices.Index(from.elems, w[3]); i >= 0 && w[1] != w[2] {
				from.elems = slices.Delete(from.elems, i, i+1)
				from.put(s, w[1])
				to := valueOf(s, w[2], "set")
				to.elems = append(to.elems, w[3])
				to.put(s, w[2])
			}
		case "sunionstore":
			to := modelValue{kind: "set"}
			for _, k := range w[2:] {
				to.elems = append(to.elems, valueOf(s, k, "set").elems...)
			}
			to.put(s, w[1])
		case "zadd":
			setScores(s, w[1], w[2:])
		case "zpopmin":
			v := valueOf(s, w[1], "zset")
			if len(v.elems) > 0 {
				i := 0
				for j, e := range v.elems { // in the order of the members
					if scoreIn(e) < scoreIn(v.elems[i]) {
						i = j
					}
				}
				v.elems = slices.Delete(v.elems, i, i+1)
				v.put(s, w[1])
			}
		case "zrem":
			v := valueOf(s, w[1], "zset")
			v.elems = slices.DeleteFunc(v.elems, func(e string) bool { return strings.HasPrefix(e, w[2]+"=") })
			v.put(s, w[1])
		case "zrangestore": // everything
			v := valueOf(s, w[2], "zset")
			v.put(s, w[1])
		case "zunionstore": // of two, the higher score
			a, b := valueOf(s, w[3], "zset"), valueOf(s, w[4], "zset")
			delete(s, w[1])
			scores := map[string]int{}
			for _, e := range append(slices.Clone(a.elems), b.elems...) {
				name, _, _ := strings.Cut(e, "=")
				scores[name] = max(scores[name], scoreIn(e))
			}
			for name, score := range scores {
				setScores(s, w[1], []string{fmt.Sprint(score), name})
			}
		case "rename":
			if v, ok := s[w[1]]; ok {
				delete(s, w[1])
				s[w[2]] = v
			}
		case "del":
			delete(s, w[1])
		case "compact":
		default:
			panic("no model of " + one)
		}
	}
}

// setScores is ZADD.
func setScores(s crashtest.State, key string, pairs []string) {
	v := valueOf(s, key, "zset")
	for i := 0; i < len(pairs); i += 2 {
		v.elems = slices.DeleteFunc(v.elems, func(e string) bool { return strings.HasPrefix(e, pairs[i+1]+"=") })
		v.elems = append(v.elems, pairs[i+1]+"="+pairs[i])
	}
	v.put(s, key)
}

func scoreIn(elem string) (n int) {
	_, score, _ := strings.Cut(elem, "=")
	n, _ = strconv.Atoi(score)
	return n
}

// longElement names an element that gets a key of its own, and with it all of its
// collection.
func longElement(s string) string { return s + strings.Repeat(".", maxPackedElement) }

// All short histories of what moves, renames and stores, over lists and sets that
// are there, in their records and out of them.
func TestNothingIsHalfMoved(t *testing.T) {
	alphabet := crashtest.Ops(
		"rpush l a b | sadd s x "+longElement("y"),
		"rpush l "+longElement("c"),
		"lmove l m right left",
		"lmove m l right left",
		"rename l m",
		"smove s t x",
		"sunionstore t s t",
		"rename s t",
		"hset h f v | lmove l m right left | smove s t x | hset h f w g v",
		"del l",
	)
	shortHistories(t, alphabet)
}

// The same of sorted sets, each member of which is two elements of the store.
func TestNoSortedSetIsHalfChanged(t *testing.T) {
	shortHistories(t, crashtest.Ops(
		"zadd z 1 a 2 b",
		"zadd z 3 "+longElement("c")+" 1 a",
		"zadd z 9 a",
		"zpopmin z",
		"zrem z b",
		"zrangestore y z 0 -1",
		"zunionstore z 2 z y aggregate max",
		"rename y z",
		"zadd y 5 "+longElement("d")+" | zpopmin z",
		"del z",
	))
}

// The same of lists and sorted sets in pieces: no piece is without its record, and none
// is another's.
func TestNoPieceIsLost(t *testing.T) {
	var jobs, scored []string
	for i := range 30 {
		jobs = append(jobs, job(i))
		scored = append(scored, fmt.Sprint(i), job(i))
	}
	shortHistories(t, crashtest.Ops(
		"rpush l "+strings.Join(jobs, " "),
		"lmove l m right left",
		"lpop l | lmove l l right left",
		"zadd z 1 a | zadd z "+strings.Join(scored, " "),
		"zadd z 30 "+jobs[2]+" | zpopmin z",
		"rename l m",
		"zrangestore y z 0 -1",
		"del l",
	))
}

func shortHistories(t *testing.T, alphabet []crashtest.Step[string]) {
	length := 2
	if !testing.Short() {
		length = 3
	}
	crashtest.Exhaust(t, served{}, alphabet, length, crashtest.Options{
		Created: true, Deep: 64, Bound: crashfs.Bound{Exhaustive: 4, Pairs: 6, Random: 4},
	})
}

// Long random histories, with processes that die and orderly ends between power
// cuts.
func TestCrashesUnderMixedLoad(t *testing.T) {
	crashtest.Check(t, served{}, drawCommand, crashtest.Options{Deep: 16})
}

func drawCommand(t *rapid.T) string {
	pick := func(words ...string) string { return rapid.SampledFrom(words).Draw(t, "word") }
	list := func() string { return pick("l", "m") }
	set := func() string { return pick("s", "t") }
	zset := func() string { return pick("y", "z") }
	elem := func() string { return pick("a", "b", "c", longElement("d"), longElement("e")) }
	one := func() string {
		switch pick("push", "push", "pop", "lmove", "linsert", "hset", "hset", "hdel", "sadd", "sadd", "smove", "sunionstore", "rename", "del",
			"zadd", "zadd", "zpopmin", "zrem", "zrangestore", "zunionstore") {
		case "zadd":
			return fmt.Sprintf("zadd %s %d %s", zset(), rapid.IntRange(1, 9).Draw(t, "score"), elem())
		case "zpopmin":
			return "zpopmin " + zset()
		case "zrem":
			return "zrem " + zset() + " " + elem()
		case "zrangestore":
			return fmt.Sprintf("zrangestore %s %s 0 -1", zset(), zset())
		case "zunionstore":
			return fmt.Sprintf("zunionstore %s 2 %s %s aggregate max", zset(), zset(), zset())
		case "push":
			return fmt.Sprintf("%s %s %s %s", pick("lpush", "rpush"), list(), elem(), elem())
		case "pop":
			return "lpop " + list()
		case "lmove":
			return fmt.Sprintf("lmove %s %s right left", list(), list())
		case "linsert":
			return fmt.Sprintf("linsert %s before %s %s", list(), elem(), elem())
		case "hset":
			return fmt.Sprintf("hset h %s %s %s v", elem(), elem(), elem())
		case "hdel":
			return "hdel h " + elem()
		case "sadd":
			return fmt.Sprintf("sadd %s %s %s", set(), elem(), elem())
		case "smove":
			return fmt.Sprintf("smove %s %s %s", set(), set(), elem())
		case "sunionstore":
			return fmt.Sprintf("sunionstore %s %s %s", set(), set(), set())
		case "rename":
			return pick("rename l m", "rename m l", "rename s t", "rename h g", "rename g h", "rename y z")
		}
		return "del " + pick("l", "m", "s", "h", "z")
	}
	if pick("command", "command", "command", "transaction", "compact") == "compact" {
		return "compact"
	}
	commands := []string{one()}
	for range rapid.IntRange(0, 2).Draw(t, "more") {
		commands = append(commands, one())
	}
	return strings.Join(commands, " | ")
}
