package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// A store is a directory. What Set has acknowledged is there after any crash.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	db, err := engine.Open(filepath.Join(dir, "state"), nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Set(ctx, []byte("greeting"), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}

	db, err = engine.Open(filepath.Join(dir, "state"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	v, err := db.Get([]byte("greeting"))
	fmt.Println(string(v), err)
	_, err = db.Get([]byte("nothing"))
	fmt.Println(errors.Is(err, engine.ErrNotFound))
	// Output:
	// hello <nil>
	// true
}

// All writes of a transaction become durable together, or none does.
func ExampleDB_Update() {
	ctx := context.Background()
	db, err := engine.OpenMemory(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	err = db.Update(ctx, func(tx *engine.Tx) error {
		if err := tx.Set(ctx, []byte("order/1"), []byte("paid")); err != nil {
			return err
		}
		return tx.Bucket("log").Set(ctx, []byte("1"), []byte("order 1 was paid"))
	})
	fmt.Println(err)
	// Output: <nil>
}

// A View sees one consistent state, whatever is written meanwhile.
func ExampleDB_View() {
	ctx := context.Background()
	db, err := engine.OpenMemory(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	for _, fruit := range []string{"fruit/apple", "fruit/pear", "fruit/plum", "meat/ham"} {
		if err := db.Set(ctx, []byte(fruit), []byte("1")); err != nil {
			log.Fatal(err)
		}
	}

	err = db.View(func(tx *engine.Tx) error {
		for key := range tx.Prefix([]byte("fruit/p")) {
			fmt.Println(string(key))
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// fruit/pear
	// fruit/plum
	// <nil>
}

// A typed store keeps values of any type that CBOR, or a codec of yours, can
// serialize.
func ExampleNewStore() {
	type User struct {
		Name   string
		Logins int
	}
	ctx := context.Background()
	db, err := engine.OpenMemory(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	users := engine.NewStore[User](db, "users")
	if err := users.Set(ctx, "ada", User{Name: "Ada"}); err != nil {
		log.Fatal(err)
	}
	err = users.Update(ctx, "ada", func(u User, found bool) (User, error) {
		u.Logins++
		return u, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	u, err := users.Get("ada")
	fmt.Printf("%+v %v\n", u, err)
	// Output: {Name:Ada Logins:1} <nil>
}

// A key with a TTL is gone at its deadline, for every reader at once.
func ExampleTTL() {
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	ctx := context.Background()
	db, err := engine.OpenMemory(&engine.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	if err := db.Set(ctx, []byte("session"), []byte("open"), engine.TTL(time.Minute)); err != nil {
		log.Fatal(err)
	}
	now = now.Add(time.Minute)
	_, err = db.Get([]byte("session"))
	fmt.Println(errors.Is(err, engine.ErrNotFound))
	// Output: true
}

// A backup is taken while the database is in use, and restored elsewhere.
func ExampleDB_Backup() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := engine.Open(filepath.Join(dir, "state"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := db.Set(ctx, []byte("a"), []byte("1")); err != nil {
		log.Fatal(err)
	}

	var backup bytes.Buffer
	if _, err := db.Backup(ctx, &backup); err != nil {
		log.Fatal(err)
	}
	info, err := engine.Restore(ctx, filepath.Join(dir, "copy"), &backup, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Entries, "key restored, up to LSN", info.LSN)
	// Output: 1 key restored, up to LSN 1
}
