package engine

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestLenAndRandom: Len is what Count finds, in a transaction on top of writes of
// its own and of others that are not published yet, and Random finds a key if
// there is one.
func TestLenAndRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db, err := OpenMemory(&Options{SweepEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		ctx := context.Background()
		key := func() []byte { return []byte(fmt.Sprint("k", rapid.IntRange(0, 9).Draw(t, "key"))) }
		for range rapid.IntRange(1, 5).Draw(t, "transactions") {
			err := db.Update(ctx, func(tx *Tx) error {
				b := tx.Bucket("b")
				for range rapid.IntRange(0, 8).Draw(t, "writes") {
					switch rapid.IntRange(0, 6).Draw(t, "op") {
					case 0, 1, 2, 3:
						_ = b.Set(ctx, key(), []byte("v"))
					case 4:
						_ = b.Delete(ctx, key())
					case 5:
						_ = b.DeleteRange(ctx, key(), key())
					case 6:
						_ = b.DeleteRange(ctx, nil, nil)
					}
					if got, want := b.Len(), b.Count(Scan{}); got != want {
						t.Fatalf("Len %d, Count %d", got, want)
					}
					it, ok := b.Random(rapid.Uint64().Draw(t, "r"))
					if ok != (b.Len() > 0) {
						t.Fatalf("Random: %v with %d keys", ok, b.Len())
					}
					if has, _ := b.Has(it.Key); ok && !has {
						t.Fatalf("Random: %q is not there", it.Key)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRandomReachesAll: each of a hundred keys is drawn sooner or later, and none
// far too often.
func TestRandomReachesAll(t *testing.T) {
	db, err := OpenMemory(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	const keys, draws = 100, 100_000
	for i := range keys {
		if err := db.Set(context.Background(), fmt.Append(nil, i), nil); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]int)
	_ = db.View(func(tx *Tx) error {
		r := uint64(1)
		for range draws {
			r ^= r << 13
			r ^= r >> 7
			r ^= r << 17
			it, ok := tx.Random(r)
			if !ok {
				t.Fatal("no key")
			}
			seen[string(it.Key)]++
		}
		return nil
	})
	if len(seen) != keys {
		t.Errorf("%d of %d keys were drawn", len(seen), keys)
	}
	for k, n := range seen {
		if n > 20*draws/keys {
			t.Errorf("%s was drawn %d times of %d", k, n, draws)
		}
	}
}
