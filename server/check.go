package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/redis-lite/redis-lite/engine"
)

// An Inconsistency is something in a database that no command leaves there.
type Inconsistency struct {
	Bucket string
	Key    []byte // of the engine, in Bucket
	Reason string
}

func (e *Inconsistency) Error() string {
	return fmt.Sprintf("server: bucket %q, key %q: %s", e.Bucket, e.Key, e.Reason)
}

// Check compares the records of all collections with their elements: every count,
// every order, every deadline; that no element belongs to nobody and no key is two
// things. The error joins an *Inconsistency for each finding, up to a hundred. It
// reads everything, on one snapshot, and holds all record keys in memory.
func Check(db *engine.DB) error {
	x := &checker{numbers: make(map[uint64]bool)}
	err := db.View(func(tx *engine.Tx) error {
		x.limits(tx)
		for phys := range maxDatabases {
			x.database(tx, bucketsOf(phys))
		}
		return nil
	})
	return errors.Join(append(x.found, err)...)
}

type checker struct {
	found   []error
	numbers map[uint64]bool // of collections, of all databases
	limit   uint64          // the first number that may not be in use
}

// maxFindings bounds what Check reports.
const maxFindings = 100

func (x *checker) report(bucket string, key []byte, format string, args ...any) {
	if len(x.found) < maxFindings {
		x.found = append(x.found, &Inconsistency{bucket, bytes.Clone(key), fmt.Sprintf(format, args...)})
	}
}

// limits reads how far numbers have been given.
func (x *checker) limits(tx *engine.Tx) {
	v, err := tx.Bucket(sysBucket).Get(numbersKey)
	switch {
	case err == nil && len(v) == 8:
		x.limit = binary.BigEndian.Uint64(v)
	case err != engine.ErrNotFound:
		x.report(sysBucket, numbersKey, "unreadable: %x, %v", v, err)
	}
}

// tally is what the elements of a collection have to come to.
type tally struct {
	key  []byte
	meta meta

	named, scored int64 // elements seen so far, for all but sorted sets in named
	apart         int64 // of them, those of a hash or set with keys of their own
}

func (x *checker) database(tx *engine.Tx, n bucketNames) {
	byNumber := make(map[uint64]*tally)
	deadlines := make(map[string]bool)
	strings := tx.Bucket(n.str)
	for it := range tx.Bucket(n.meta).Items(engine.Scan{}) {
		m, ok := decodeMeta(it.Value)
		if !ok {
			x.report(n.meta, it.Key, "no record of a collection: %x", it.Value)
			continue
		}
		if !bytes.Equal(m.append(nil), it.Value) {
			x.report(n.meta, it.Key, "not written as records are: %x", it.Value)
		}
		if m.deadline != 0 {
			deadlines[string(ttlKey(m.deadline, it.Key))] = true
		}
		if has, _ := strings.Has(it.Key); has {
			x.report(n.meta, it.Key, "is a %s and a string", m.kind)
		}
		if m.isPacked {
			x.packed(tx.Bucket(n.data), n.meta, it.Key, &m)
			if len(m.pieces) == 0 {
				continue
			}
		} else if m.count <= 0 || m.pages.apart < 0 || m.pages.apart > m.count {
			x.report(n.meta, it.Key, "counts %d elements, %d of them apart", m.count, m.pages.apart)
		}
		numbers := []uint64{m.number}
		if m.pages.n > 0 {
			numbers = append(numbers, m.pages.number)
		}
		t := &tally{key: it.Key, meta: m}
		for _, number := range numbers {
			switch {
			case x.numbers[number]:
				x.report(n.meta, it.Key, "has the number %d of another collection", number)
			case number >= x.limit:
				x.report(n.meta, it.Key, "has the number %d, which was not to be given yet", number)
			}
			x.numbers[number] = true
			byNumber[number] = t
		}
	}
	x.elements(tx.Bucket(n.data), byNumber)
	for number, t := range byNumber {
		if number != t.meta.number {
			continue // the same, under the number of its pages
		}
		if t.meta.isPacked {
			if t.named != int64(len(t.meta.pieces)) {
				x.report(n.meta, t.key, "has %d pieces, and there are %d", len(t.meta.pieces), t.named)
			}
			continue
		}
		if t.apart != t.meta.pages.apart {
			x.report(n.meta, t.key, "counts %d elements apart, and there are %d", t.meta.pages.apart, t.apart)
		}
		if t.named != t.meta.count || t.meta.kind == KindZset && t.scored != t.meta.count {
			x.report(n.meta, t.key, "counts %d elements, and there are %d (%d by score)", t.meta.count, t.named, t.scored)
		}
	}
	for it := range tx.Bucket(n.ttl).Items(engine.Scan{}) {
		if !deadlines[string(it.Key)] {
			x.report(n.ttl, it.Key, "no collection has this deadline")
		}
		delete(deadlines, string(it.Key))
	}
	for key := range deadlines {
		x.report(n.ttl, []byte(key), "this deadline of a collection is missing")
	}
}

// packed checks a record that holds its elements, or has them in pieces.
func (x *checker) packed(data *engine.TxBucket, bucket string, key []byte, m *meta) {
	var last *entry
	for _, p := range m.pieces {
		v, err := data.GetNoCopy(m.pieceKey(p))
		if err != nil || len(v) != p.size || p.size == 0 {
			x.report(bucket, key, "has piece %d of %d bytes: there are %d, %v", p.id, p.size, len(v), err)
		}
		m.packed = append(m.packed, v...)
	}
	x.entries(bucket, key, m.packed, m.kind, "packed elements", maxPackedEntries, func(e entry) {
		if m.kind == KindZset && last != nil && compareScored(*last, e) >= 0 {
			x.report(bucket, key, "holds %q out of order", e.k)
		}
		last = &e
	})
}

// entries checks elements that lie packed under a key, at most most of them, and has
// each looked at.
func (x *checker) entries(bucket string, key, b []byte, kind Kind, what string, most int, each func(entry)) {
	var again []byte
	n := 0
	seen := make(map[string]bool)
	for e := range packedEntries(b, kind) {
		again = appendEntry(again, kind, e)
		if kind != KindList && seen[string(e.k)] {
			x.report(bucket, key, "holds %q twice", e.k)
		}
		seen[string(e.k)] = true
		n++
		each(e)
	}
	if n == 0 || n > most || !bytes.Equal(again, b) {
		x.report(bucket, key, "%d %s, of %d bytes %d are read", n, what, len(b), len(again))
	}
}

// elements goes through all elements of a database.
func (x *checker) elements(data *engine.TxBucket, byNumber map[uint64]*tally) {
	for it := range data.Items(engine.Scan{}) {
		number, sub, ok := cutNumber(it.Key)
		t := byNumber[number]
		if !ok || t == nil {
			x.report(data.Name(), it.Key, "an element of no collection")
			continue
		}
		if t.meta.isPacked {
			id, rest, ok := cutNumber(sub)
			if !ok || len(rest) > 0 || !slices.ContainsFunc(t.meta.pieces, func(p piece) bool { return p.id == id }) {
				x.report(data.Name(), it.Key, "is no piece of its collection")
			}
			t.named++
			continue
		}
		switch t.meta.kind {
		case KindHash, KindSet:
			if t.meta.pages.n > 0 && number == t.meta.pages.number {
				x.page(data, t, sub, it)
				continue
			}
			t.named++
			t.apart++
			if t.meta.kind == KindSet && len(it.Value) != 0 {
				x.report(data.Name(), it.Key, "a member with a value")
			}
		case KindList:
			if want := listIndex(t.meta.head + t.named); !bytes.Equal(sub, want) {
				x.report(data.Name(), it.Key, "the list has its place %d at another index", t.named)
			}
			t.named++
		case KindZset:
			x.scored(data, t, sub, it)
		}
	}
}

// page checks that elements are in the page where they are looked for, and nowhere else.
func (x *checker) page(data *engine.TxBucket, t *tally, sub []byte, it engine.Item) {
	m := &t.meta
	index, rest, ok := cutNumber(sub)
	if !ok || len(rest) > 0 || index >= m.pages.n {
		x.report(data.Name(), it.Key, "is none of %d pages", m.pages.n)
		return
	}
	x.entries(data.Name(), it.Key, it.Value, m.kind, "elements in a page", math.MaxInt, func(e entry) {
		if m.pages.index(e.k) != index {
			x.report(data.Name(), it.Key, "%q belongs in page %d, not %d", e.k, m.pages.index(e.k), index)
		}
		if has, _ := data.Has(append(appendNumber(nil, m.number), e.k...)); has {
			x.report(data.Name(), it.Key, "holds %q, which is apart too", e.k)
		}
		t.named++
	})
}

// scored checks that a member's two elements agree.
func (x *checker) scored(data *engine.TxBucket, t *tally, sub []byte, it engine.Item) {
	prefix := it.Key[:len(it.Key)-len(sub)]
	other := func(sub []byte) ([]byte, error) {
		return data.GetNoCopy(append(bytes.Clone(prefix), sub...))
	}
	switch {
	case len(sub) > 0 && sub[0] == zsetByName:
		t.named++
		if len(it.Value) != 8 || math.IsNaN(decodeScore(it.Value)) {
			x.report(data.Name(), it.Key, "no score: %x", it.Value)
		} else if _, err := other(scoreKey(it.Value, sub[1:])); err != nil {
			x.report(data.Name(), it.Key, "is not in the order of scores, with %s: %v", strconv.FormatFloat(decodeScore(it.Value), 'g', -1, 64), err)
		}
	case len(sub) >= 9 && sub[0] == zsetByScore:
		t.scored++
		if v, err := other(nameKey(sub[9:])); err != nil || !bytes.Equal(v, sub[1:9]) {
			x.report(data.Name(), it.Key, "the member has another score, or none: %x, %v", v, err)
		}
	default:
		x.report(data.Name(), it.Key, "neither name nor score of a member")
	}
}

// cutNumber reads what appendNumber wrote.
func cutNumber(key []byte) (number uint64, rest []byte, ok bool) {
	if len(key) == 0 || key[0] == 0 || key[0] > 8 || len(key) < 1+int(key[0]) {
		return 0, nil, false
	}
	n := 1 + int(key[0])
	for _, b := range key[1:n] {
		number = number<<8 | uint64(b)
	}
	return number, key[n:], true
}
