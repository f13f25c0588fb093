package recovery_test

import (
	"context"
	"fmt"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// exampleStore writes three keys through the log.
func exampleStore() *memfs.FS {
	fsys := memfs.New()
	store, err := recovery.Open(context.Background(), recovery.Options{FS: fsys, Dir: "db"})
	if err != nil {
		panic(err)
	}
	log, err := store.StartLog(wal.Options{})
	if err != nil {
		panic(err)
	}
	for _, key := range []string{"ant", "bee", "cat"} {
		c := recoverytest.Set(key, "x")
		p, err := log.Append(context.Background(), record.AppendCommit(nil, &c), nil, wal.Default)
		if err != nil {
			panic(err)
		}
		if err := p.Wait(context.Background()); err != nil {
			panic(err)
		}
	}
	if err := log.Close(); err != nil {
		panic(err)
	}
	return fsys
}

func ExampleOpen() {
	contents := recoverytest.NewContents()
	store, err := recovery.Open(context.Background(), recovery.Options{FS: exampleStore(), Dir: "db", Loader: contents})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(contents.Keys), "keys, next LSN", store.NextLSN)
	// Output: 3 keys, next LSN 4
}

func ExampleVerify() {
	fsys := exampleStore()
	f, err := fsys.OpenWrite("db/wal/0000000000000001.wal")
	if err != nil {
		panic(err)
	}
	f.WriteAt([]byte("rot"), 4096+64)
	f.Close()

	found, err := recovery.Verify(context.Background(), fsys, "db", recovery.VerifyOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range found.List {
		fmt.Println(f.File, f.Offset, f.LSN, f.Severity == recovery.Damage)
	}
	// Output: db/wal/0000000000000001.wal 4152 2 true
}

func ExampleRecover() {
	fsys := exampleStore()
	f, err := fsys.OpenWrite("db/wal/0000000000000001.wal")
	if err != nil {
		panic(err)
	}
	f.WriteAt([]byte("rot"), 4096+64)
	f.Close()

	loss, err := recovery.Recover(context.Background(), fsys, "db", "salvaged", recovery.RecoverOptions{SkipCorrupt: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range loss.Kept {
		fmt.Println("kept", r.From, r.To)
	}
	for _, r := range loss.Doubtful {
		fmt.Println("doubtful", r.From, r.To)
	}
	for _, r := range loss.Lost {
		fmt.Println("lost", r.From, r.To)
	}
	// Output:
	// kept 1 1
	// doubtful 3 3
	// lost 2 2
}

func ExampleRecords() {
	for r, err := range recovery.Records(context.Background(), exampleStore(), "db", recovery.RecordsOptions{From: 2}) {
		switch {
		case err != nil:
			fmt.Println(err)
		case r.Raw == nil:
			fmt.Println("a mark")
		default:
			fmt.Println(r.LSN, record.Diagnose(r.Raw))
		}
	}
	// Output:
	// 2 [1, [[1, "", 'bee', 'x']]]
	// 3 [1, [[1, "", 'cat', 'x']]]
	// a mark
}
