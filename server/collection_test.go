package server

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
)

// inTx runs fn in a transaction of its own.
func inTx(t interface{ Fatal(...any) }, s *Server, fn func(*Space)) {
	_, err := s.update(context.Background(), func(tx *Tx) error {
		fn(tx.Space(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func open(t interface{ Fatal(...any) }, s *Space, key string, kind Kind) *Collection {
	c, err := s.Open([]byte(key), kind)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// leftovers counts what lies in the buckets of collections.
func leftovers(t interface{ Fatal(...any) }, s *Server) (meta, data, ttl int) {
	err := s.db.View(func(tx *engine.Tx) error {
		n := s.buckets[0]
		meta = tx.Bucket(n.meta).Count(engine.Scan{})
		data = tx.Bucket(n.data).Count(engine.Scan{})
		ttl = tx.Bucket(n.ttl).Count(engine.Scan{})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return meta, data, ttl
}

// element draws short and long names, from few enough that they repeat.
func element(t *rapid.T) []byte {
	n := rapid.IntRange(0, 299).Draw(t, "element")
	if n >= 290 {
		return []byte(strings.Repeat("long", 30) + fmt.Sprint(n))
	}
	return fmt.Append(nil, "e", n)
}

// TestHashStore: a hash is a map, packed or not, over transactions and restarts.
func TestHashStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newRapidServer(t)
		model := map[string]string{}
		for range rapid.IntRange(1, 12).Draw(t, "transactions") {
			inTx(t, s, func(sp *Space) {
				h := open(t, sp, "h", KindHash)
				for range rapid.IntRange(0, 60).Draw(t, "ops") {
					e := element(t)
					if rapid.IntRange(0, 3).Draw(t, "op") > 0 {
						v := element(t)
						_, was := model[string(e)]
						if added := h.Put(e, v); added == was {
							t.Fatalf("Put(%q) says new: %v", e, added)
						}
						model[string(e)] = string(v)
						continue
					}
					_, was := model[string(e)]
					if h.Remove(e) != was {
						t.Fatalf("Remove(%q), was %v", e, was)
					}
					delete(model, string(e))
				}
				h.Close()
			})
			inTx(t, s, func(sp *Space) {
				h := open(t, sp, "h", KindHash)
				if h.Len() != len(model) || h.Exists() != (len(model) > 0) {
					t.Fatalf("Len %d, Exists %v, model %d", h.Len(), h.Exists(), len(model))
				}
				n := 0
				for k, v := range h.All() {
					if want, ok := model[string(k)]; !ok || want != string(v) {
						t.Fatalf("All: %q %q", k, v)
					}
					n++
				}
				if n != len(model) {
					t.Fatalf("All: %d of %d", n, len(model))
				}
				e := element(t)
				v, ok := h.Get(e)
				if want, was := model[string(e)]; ok != was || string(v) != want {
					t.Fatalf("Get(%q) = %q, %v", e, v, ok)
				}
			})
		}
		inTx(t, s, func(sp *Space) { sp.Delete([]byte("h")) })
		if m, d, _ := leftovers(t, s); m+d > 0 {
			t.Fatalf("%d records and %d elements are left", m, d)
		}
	})
}

func newRapidServer(t *rapid.T) *Server {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(db, Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Shutdown(t.Context()); _ = db.Close() })
	return s
}

// TestZsetStore: a sorted set is a map sorted by score and member.
func TestZsetStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newRapidServer(t)
		model := map[string]float64{}
		score := rapid.OneOf(rapid.SampledFrom([]float64{0, 1, -1, 2.5, math.Inf(1), math.Inf(-1)}), rapid.Float64())
		for range rapid.IntRange(1, 8).Draw(t, "transactions") {
			inTx(t, s, func(sp *Space) {
				z := open(t, sp, "z", KindZset)
				for range rapid.IntRange(0, 60).Draw(t, "ops") {
					e := element(t)
					old, was := model[string(e)]
					if rapid.IntRange(0, 3).Draw(t, "op") == 0 {
						if z.RemoveMember(e) != was {
							t.Fatal("RemoveMember")
						}
						delete(model, string(e))
						continue
					}
					f := score.Draw(t, "score")
					added, moved := z.SetScore(e, f)
					if added == was || moved != (was && old != f) {
						t.Fatalf("SetScore(%q, %v): %v %v, was %v %v", e, f, added, moved, was, old)
					}
					model[string(e)] = f
				}
				z.Close()
			})
			inTx(t, s, func(sp *Space) {
				z := open(t, sp, "z", KindZset)
				var want []Scored
				for m, f := range model {
					want = append(want, Scored{[]byte(m), f})
				}
				sort.Slice(want, func(i, j int) bool {
					if want[i].Score != want[j].Score {
						return want[i].Score < want[j].Score
					}
					return bytes.Compare(want[i].Member, want[j].Member) < 0
				})
				lo, hi := score.Draw(t, "lo"), score.Draw(t, "hi")
				in := slices.DeleteFunc(slices.Clone(want), func(s Scored) bool { return s.Score < lo || s.Score > hi })
				rev := rapid.Bool().Draw(t, "reverse")
				if rev {
					slices.Reverse(in)
				}
				got := slices.Collect(z.ScoreRange(lo, hi, rev))
				if !slices.EqualFunc(got, in, sameScored) {
					t.Fatalf("ScoreRange(%v, %v): %v, want %v", lo, hi, got, in)
				}
				if len(want) == 0 {
					return
				}
				at := rapid.IntRange(0, len(want)-1).Draw(t, "at")
				rank := at
				tail := want[at:]
				if rev {
					rank = len(want) - 1 - at
					tail = slices.Clone(want[:at+1])
					slices.Reverse(tail)
				}
				all := zrange{by: byRankOnly, from: int64(rank), to: -1, reverse: rev}
				if got := all.list(z); !slices.EqualFunc(got, tail, sameScored) {
					t.Fatalf("from rank %d: %v, want %v", rank, got, tail)
				}
				if r, f, ok := z.Rank(want[at].Member, rev); !ok || r != rank || f != want[at].Score {
					t.Fatalf("Rank: %v %v %v, want %d", r, f, ok, rank)
				}
				if n := (&zrange{by: byScore, min: lo, max: hi, limit: -1}).count(z); n != len(in) {
					t.Fatalf("count from %v to %v: %d, want %d", lo, hi, n, len(in))
				}
				if f, ok := z.Score(want[at].Member); !ok || f != want[at].Score {
					t.Fatalf("Score: %v %v", f, ok)
				}
			})
		}
	})
}

func sameScored(a, b Scored) bool { return a.Score == b.Score && bytes.Equal(a.Member, b.Member) }

// TestListStore: a list is a slice.
func TestListStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newRapidServer(t)
		var model [][]byte
		for range rapid.IntRange(1, 8).Draw(t, "transactions") {
			inTx(t, s, func(sp *Space) {
				l := open(t, sp, "l", KindList)
				for range rapid.IntRange(0, 60).Draw(t, "ops") {
					n := len(model)
					switch op := rapid.IntRange(0, 11).Draw(t, "op"); {
					case op < 6:
						e, left := element(t), op%2 == 0
						l.Push(e, left)
						if left {
							model = slices.Insert(model, 0, e)
						} else {
							model = append(model, e)
						}
					case op < 8:
						left := op == 6
						v, ok := l.Pop(left)
						if ok != (n > 0) {
							t.Fatal("Pop")
						}
						if ok {
							i := n - 1
							if left {
								i = 0
							}
							if !bytes.Equal(v, model[i]) {
								t.Fatalf("Pop: %q, want %q", v, model[i])
							}
							model = slices.Delete(model, i, i+1)
						}
					case op == 8 && n > 0:
						i, e := rapid.IntRange(0, n-1).Draw(t, "i"), element(t)
						l.SetAt(i, e)
						model[i] = e
					case op == 9:
						i, e := rapid.IntRange(0, n).Draw(t, "i"), element(t)
						l.Insert(i, e)
						model = slices.Insert(model, i, e)
					case op == 10:
						var places []int
						for i := range n {
							if rapid.IntRange(0, 9).Draw(t, "remove") == 0 {
								places = append(places, i)
							}
						}
						l.RemoveAll(places)
						for k, i := range places {
							model = slices.Delete(model, i-k, i-k+1)
						}
					case op == 11 && rapid.IntRange(0, 9).Draw(t, "trim") == 0:
						from, to := rapid.IntRange(0, n).Draw(t, "from"), rapid.IntRange(0, n).Draw(t, "to")
						l.Trim(from, to)
						if from >= to {
							from, to = 0, 0
						}
						model = slices.Clone(model[from:to])
					}
				}
				l.Close()
			})
			inTx(t, s, func(sp *Space) {
				l := open(t, sp, "l", KindList)
				if l.Len() != len(model) {
					t.Fatalf("Len %d, want %d", l.Len(), len(model))
				}
				n := 0
				for i, v := range l.Values(0, l.Len(), false) {
					if at, ok := l.At(i); i != n || !bytes.Equal(v, model[i]) || !ok || !bytes.Equal(at, v) {
						t.Fatalf("Values: %d %q, want %d %q", i, v, n, model[n])
					}
					n++
				}
				if n != len(model) {
					t.Fatalf("Values: %d of %d", n, len(model))
				}
			})
		}
		inTx(t, s, func(sp *Space) { sp.Delete([]byte("l")) })
		if m, d, _ := leftovers(t, s); m+d > 0 {
			t.Fatalf("%d records and %d elements are left", m, d)
		}
	})
}

// TestCollectionsExpire: what belongs to an expired collection goes, with the
// sweeper or when its key is written again.
func TestCollectionsExpire(t *testing.T) {
	t.Run("list", func(t *testing.T) {
		collectionsExpire(t, KindList, 200, func(o *Collection, i int) { o.Push(fmt.Append(nil, i), false) })
	})
	t.Run("hash", func(t *testing.T) {
		collectionsExpire(t, KindHash, 13, func(o *Collection, i int) { o.Put(fmt.Append(nil, i), []byte("v")) })
	})
	t.Run("hash of long values", func(t *testing.T) {
		collectionsExpire(t, KindHash, 200, func(o *Collection, i int) { o.Put(fmt.Append(nil, i), bytes.Repeat([]byte("v"), 65)) })
	})
	t.Run("hash of long and short values", func(t *testing.T) {
		collectionsExpire(t, KindHash, 107, func(o *Collection, i int) { o.Put(fmt.Append(nil, i), bytes.Repeat([]byte("v"), i%2*65)) })
	})
}

// collectionsExpire does so for one kind; 200 elements lie under size keys.
func collectionsExpire(t *testing.T, kind Kind, size int, put func(o *Collection, i int)) {
	clock := newClock()
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s := serveDB(t, db, Options{SweepEvery: -1})
	fill := func(key string) {
		inTx(t, s, func(sp *Space) {
			o := open(t, sp, key, kind)
			for i := range 200 {
				put(o, i)
			}
			o.Close()
			sp.SetDeadline([]byte(key), sp.Tx().Now()+1000)
		})
	}
	want := func(when string, meta, data, ttl int) {
		t.Helper()
		if m, d, e := leftovers(t, s); m != meta || d != data || e != ttl {
			t.Fatalf("%s: %d records, %d elements, %d deadlines", when, m, d, e)
		}
	}
	fill("a")
	fill("b")
	c := dial(t, s)
	c.want("type a", kind.String(), "ttl b", "1", "get a", "-WRONGTYPE Operation against a key holding the wrong kind of value",
		"rename b c", "OK", "exists b c", "1", "copy c d", "1", "ttl d", "1", "persist d", "1")
	want("before", 3, 3*size, 2)
	clock.advance(2000)
	c.want("type a", "none", "exists a c", "0", "set a string", "OK", "get a", `"string"`, "dbsize", "3")
	want("after a write over it", 2, 2*size, 1)
	for s.sweep() {
	}
	if n := s.Counters().ExpiredKeys; n != 1 {
		t.Fatalf("%d expired keys were counted, one was swept", n)
	}
	c.want("dbsize", "2", "type d", kind.String(), "keys *", `["a" "d"]`)
	want("after the sweep", 1, size, 0)
	c.want("flushall", "OK")
	want("after FLUSHALL", 0, 0, 0)
}
