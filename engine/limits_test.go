package engine_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// What is refused is refused with a typed error, and changes nothing: the key
// that was there stays as it was, and so does the LSN.
func TestRefusedWritesChangeNothing(t *testing.T) {
	o := quiet(memfs.New())
	o.MaxKeySize, o.MaxValueSize, o.MaxTxSize, o.MemoryLimit = 10, 100, 300, 4096
	db, err := engine.Open("/store", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	set(t, db, "a", "1")
	big := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	for _, c := range []struct {
		name string
		want error
		do   func() error
	}{
		{"empty key", engine.ErrKeyEmpty, func() error { return db.Set(ctx, nil, big(1)) }},
		{"empty key, delete", engine.ErrKeyEmpty, func() error { return db.Delete(ctx, nil) }},
		{"empty key, compare and swap", engine.ErrKeyEmpty, func() error {
			_, err := db.CompareAndSwap(ctx, nil, nil, big(1))
			return err
		}},
		{"long key", engine.ErrKeyTooLarge, func() error { return db.Set(ctx, big(11), nil) }},
		{"long value", engine.ErrValueTooLarge, func() error { return db.Set(ctx, []byte("a"), big(101)) }},
		{"long transaction", engine.ErrTxTooLarge, func() error {
			return db.Update(ctx, func(tx *engine.Tx) error {
				for _, k := range []string{"a", "b", "c", "d"} {
					if err := tx.Set(ctx, []byte(k), big(90)); err != nil {
						return err
					}
				}
				return nil
			})
		}},
		{"bucket name too long", engine.ErrBucketName, func() error {
			return db.Bucket(strings.Repeat("b", 256)).Set(ctx, []byte("a"), nil)
		}},
		{"bucket name not text", engine.ErrBucketName, func() error {
			return db.Bucket("\xff").Set(ctx, []byte("a"), nil)
		}},
		{"bucket name not text, delete range", engine.ErrBucketName, func() error {
			return db.Bucket("\xff").Clear(ctx)
		}},
		{"deadline before the epoch", engine.ErrDeadline, func() error {
			return db.Set(ctx, []byte("a"), nil, engine.Deadline(time.UnixMilli(-1)))
		}},
		{"write in a view", engine.ErrTxReadOnly, func() error {
			return db.View(func(tx *engine.Tx) error { return tx.Set(ctx, []byte("a"), nil) })
		}},
	} {
		before := db.LSN()
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if v := get(t, db, "a"); v != "1" || db.LSN() != before {
			t.Errorf("%s: a = %q at LSN %d, want \"1\" at %d", c.name, v, db.LSN(), before)
		}
	}
	var size *engine.SizeError
	if err := db.Set(ctx, big(11), nil); !errors.As(err, &size) || size.Size != 11 || size.Limit != 10 {
		t.Errorf("the error does not tell the sizes: %v", err)
	}
}

// At the memory limit writes are refused and deletes are not; what was deleted
// makes room. Nothing is evicted.
func TestMemoryLimit(t *testing.T) {
	o := quiet(memfs.New())
	o.MemoryLimit = 100_000
	db, err := engine.Open("/store", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	value := bytes.Repeat([]byte("v"), 1000)
	n := 0
	for ; n < 1000; n++ {
		if err = db.Set(ctx, []byte{byte(n >> 8), byte(n)}, value); err != nil {
			break
		}
	}
	if !errors.Is(err, engine.ErrMemoryLimit) || n < 50 {
		t.Fatalf("after %d values of 1000 bytes: %v", n, err)
	}
	if got := countKeys(t, db); got != n {
		t.Fatalf("%d keys, want all %d", got, n)
	}
	if err := db.DeleteRange(ctx, nil, nil); err != nil {
		t.Fatalf("delete at the limit: %v", err)
	}
	if err := db.Set(ctx, []byte("a"), value); err != nil {
		t.Fatalf("after the delete: %v", err)
	}
}

func TestUseAfterClose(t *testing.T) {
	db := mustOpen(t, memfs.New())
	set(t, db, "a", "1")
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b := db.Bucket("b")
	for name, do := range map[string]func() error{
		"Get":    func() error { _, err := db.Get([]byte("a")); return err },
		"Set":    func() error { return db.Set(ctx, []byte("a"), nil) },
		"Delete": func() error { return b.Delete(ctx, []byte("a")) },
		"Update": func() error { return db.Update(ctx, func(*engine.Tx) error { return nil }) },
		"View":   func() error { return db.View(func(*engine.Tx) error { return nil }) },
		"Sync":   func() error { return db.Sync(ctx) },
		"Compact": func() error {
			_, err := db.Compact(ctx)
			return err
		},
		"Backup": func() error { _, err := db.Backup(ctx, &bytes.Buffer{}); return err },
		"Sweep": func() error {
			return db.Set(ctx, []byte("a"), nil, engine.TTL(time.Second))
		},
	} {
		if err := do(); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

func TestATransactionEndsWithItsFunction(t *testing.T) {
	db := mustOpen(t, memfs.New())
	var leaked *engine.Tx
	for _, run := range []func(func(*engine.Tx) error) error{
		db.View,
		func(fn func(*engine.Tx) error) error { return db.Update(ctx, fn) },
	} {
		if err := run(func(tx *engine.Tx) error { leaked = tx; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := leaked.Get([]byte("a")); !errors.Is(err, engine.ErrTxDone) {
			t.Errorf("Get: %v", err)
		}
		if err := leaked.Set(ctx, []byte("a"), nil); !errors.Is(err, engine.ErrTxDone) {
			t.Errorf("Set: %v", err)
		}
		func() {
			defer func() {
				if r := recover(); r != engine.ErrTxDone {
					t.Errorf("Range: %v", r)
				}
			}()
			for range leaked.Range(nil, nil) {
			}
		}()
	}
}

// What callers pass in and get out is theirs: changing it changes nothing.
func TestBytesAreCopied(t *testing.T) {
	db := mustOpen(t, memfs.New())
	key, value := []byte("key"), []byte("value")
	if err := db.Set(ctx, key, value); err != nil {
		t.Fatal(err)
	}
	c, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
		err := tx.Set(ctx, []byte("other"), value)
		copy(value, "XXXXX")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	copy(key, "XXX")
	if err := c.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"key", "other"} {
		v, err := db.Get([]byte(k))
		if string(v) != "value" || err != nil {
			t.Fatalf("%s = %q, %v", k, v, err)
		}
		copy(v, "YYYYY")
		if got := get(t, db, k); got != "value" {
			t.Fatalf("%s = %q after the caller wrote to what Get returned", k, got)
		}
	}
	if err := db.View(func(tx *engine.Tx) error {
		for k, v := range tx.Range(nil, nil) {
			copy(k, "ZZZ")
			copy(v, "ZZZ")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, db, "key"); got != "value" {
		t.Fatalf("key = %q after the caller wrote to what Range yielded", got)
	}
	if err := db.Set(ctx, []byte("empty"), nil); err != nil {
		t.Fatal(err)
	}
	if v, err := db.Get([]byte("empty")); v == nil || len(v) != 0 || err != nil {
		t.Fatalf("an empty value came back as %v, %v", v, err)
	}
}
