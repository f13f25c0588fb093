package engine_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

type user struct {
	Name string            `cbor:"name"`
	Age  int               `cbor:"age,omitempty"`
	Tags []string          `cbor:"tags,omitempty"`
	More map[string]string `cbor:"more,omitempty"`
}

func TestStoreKeepsAnySerializableValue(t *testing.T) {
	fsys := memfs.New()
	rapid.Check(t, func(t *rapid.T) {
		db, err := engine.Open("/store", quiet(fsys))
		if err != nil {
			t.Fatalf("%v", err)
		}
		users := engine.NewStore[user](db, "users")
		want := user{
			Name: rapid.String().Draw(t, "name"),
			Age:  rapid.Int().Draw(t, "age"),
			Tags: rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "tags"),
			More: rapid.MapOfN(rapid.String(), rapid.String(), 1, 4).Draw(t, "more"),
		}
		if err := users.Set(ctx, "k", want); err != nil {
			t.Fatalf("Set: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if db, err = engine.Open("/store", quiet(fsys)); err != nil {
			t.Fatalf("%v", err)
		}
		defer db.Close()
		got, err := engine.NewStore[user](db, "users").Get("k")
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		if a, b := mustJSON(got), mustJSON(want); a != b {
			t.Fatalf("stored %s, read %s", b, a)
		}
	})
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestStoreUpdateAndAll(t *testing.T) {
	db := mustOpen(t, memfs.New())
	counts := engine.NewStore[int](db, "counts")
	for range 3 {
		if err := counts.Update(ctx, "n", func(n int, found bool) (int, error) {
			if found != (n > 0) {
				t.Errorf("n = %d, found = %v", n, found)
			}
			return n + 1, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	errNo := errors.New("no")
	if err := counts.Update(ctx, "n", func(int, bool) (int, error) { return 99, errNo }); !errors.Is(err, errNo) {
		t.Fatal(err)
	}
	if n, err := counts.Get("n"); n != 3 || err != nil {
		t.Fatalf("n = %d, %v", n, err)
	}
	if _, err := counts.Get("none"); !errors.Is(err, engine.ErrNotFound) {
		t.Fatal(err)
	}
	if err := counts.Set(ctx, "a", 7, engine.TTL(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := counts.Update(ctx, "a", func(n int, _ bool) (int, error) { return n + 1, nil }); err != nil {
		t.Fatal(err)
	}
	if it, err := db.Bucket("store/counts").GetItem([]byte("a")); err != nil || it.Deadline.IsZero() {
		t.Fatalf("Update lost the deadline: %+v, %v", it, err)
	}
	sum := 0
	for e, err := range counts.All() {
		if err != nil {
			t.Fatal(err)
		}
		sum += e.Value
	}
	if sum != 3+8 {
		t.Fatalf("sum = %d", sum)
	}
	if err := counts.Delete(ctx, "n"); err != nil {
		t.Fatal(err)
	}

	// A value that the codec cannot read names its key, and the rest comes.
	if err := db.Bucket("store/counts").Set(ctx, []byte("b"), []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	var bad *engine.DecodeError
	if _, err := counts.Get("b"); !errors.As(err, &bad) || bad.Key != "b" {
		t.Fatalf("%v", err)
	}
	good, broken := 0, 0
	for _, err := range counts.All() {
		if errors.As(err, &bad) {
			broken++
		} else if err == nil {
			good++
		}
	}
	if good != 1 || broken != 1 {
		t.Fatalf("All gave %d values and %d errors", good, broken)
	}
}

// Two stores change together in one transaction, or not at all.
func TestStoresInOneTransaction(t *testing.T) {
	db := mustOpen(t, memfs.New())
	from, to := engine.NewStore[int](db, "from"), engine.NewStore[int](db, "to")
	if err := from.Set(ctx, "x", 10); err != nil {
		t.Fatal(err)
	}
	move := func(fail error) error {
		return db.Update(ctx, func(tx *engine.Tx) error {
			if err := from.In(tx).Delete(ctx, "x"); err != nil {
				return err
			}
			if err := to.In(tx).Set(ctx, "x", 10); err != nil {
				return err
			}
			return fail
		})
	}
	errNo := errors.New("no")
	if err := move(errNo); !errors.Is(err, errNo) {
		t.Fatal(err)
	}
	if _, err := to.Get("x"); !errors.Is(err, engine.ErrNotFound) {
		t.Fatalf("an aborted move left %v", err)
	}
	if err := move(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := from.Get("x"); !errors.Is(err, engine.ErrNotFound) {
		t.Fatal(err)
	}
	if v, err := to.Get("x"); v != 10 || err != nil {
		t.Fatal(v, err)
	}
}
