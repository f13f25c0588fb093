package wal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

// exampleLog is a new log in memory; a real one has osfs.New() for its FS.
func exampleLog() (*wal.Log, vfs.FS) {
	fsys := memfs.New()
	if err := vfs.MkdirAll(fsys, "/wal"); err != nil {
		panic(err)
	}
	l, err := wal.Create(wal.Options{
		FS: fsys, Dir: "/wal", Rand: rand.Uint64, Now: time.Now,
		Durable: func(b wal.Batch) { fmt.Println("apply", b.Items) },
	}, 1)
	if err != nil {
		panic(err)
	}
	return l, fsys
}

func Example() {
	l, _ := exampleLog()
	record, _ := cbor.Marshal("hello")
	p, err := l.Append(context.Background(), record, "hello", wal.Default)
	if err != nil {
		panic(err)
	}
	// Wait returns when the record is on the disk and was applied.
	fmt.Println("record", p.LSN(), "durable:", p.Wait(context.Background()) == nil)
	fmt.Println("closed:", l.Close() == nil)
	// Output:
	// apply [hello]
	// record 1 durable: true
	// closed: true
}

func ExamplePending_Start() {
	l, _ := exampleLog()
	for _, word := range []string{"one", "two", "three"} {
		record, _ := cbor.Marshal(word)
		if _, err := l.Append(context.Background(), record, word, wal.Default); err != nil {
			panic(err)
		}
	}
	last, err := l.Append(context.Background(), []byte{0xf6}, nil, wal.Default)
	if err != nil {
		panic(err)
	}
	last.Start() // commits what was queued before it too, all in one frame
	<-last.Done()
	if err := l.Close(); err != nil {
		panic(err)
	}
	// Output:
	// apply [one two three <nil>]
}

func ExampleReader() {
	l, _ := exampleLog()
	defer l.Close()
	r, err := l.Reader(1)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	go func() {
		for _, word := range []string{"one", "two"} {
			record, _ := cbor.Marshal(word)
			p, _ := l.Append(context.Background(), record, word, wal.Default)
			_ = p.Wait(context.Background())
		}
	}()
	for range 2 {
		lsn, record, err := r.Next(context.Background())
		if err != nil {
			panic(err)
		}
		var word string
		if err := cbor.Unmarshal(record, &word); err != nil {
			panic(err)
		}
		fmt.Println(lsn, word)
	}
	// Unordered output:
	// apply [one]
	// 1 one
	// apply [two]
	// 2 two
}

func ExampleFollow() {
	l, fsys := exampleLog()
	record, _ := cbor.Marshal("seen from another process")
	p, _ := l.Append(context.Background(), record, 1, wal.Default)
	if err := p.Wait(context.Background()); err != nil {
		panic(err)
	}
	if err := l.Close(); err != nil { // its MARK proves the last frame
		panic(err)
	}
	f, err := wal.Follow(wal.FollowOptions{FS: fsys, Dir: "/wal"})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	lsn, record, err := f.Next(context.Background())
	fmt.Println(lsn, len(record), err)
	// Output:
	// apply [1]
	// 1 27 <nil>
}

func ExampleSegment_Scan() {
	l, fsys := exampleLog()
	if err := l.Sync(context.Background()); err != nil {
		panic(err)
	}
	s, err := wal.OpenSegment(fsys, vfs.Join("/wal", wal.SegmentName(1)))
	if err != nil {
		panic(err)
	}
	defer s.Close()
	scan := s.Scan(wal.HeaderBlock, s.Header.Prev.Link, s.Header.FirstLSN)
	_, err = scan.Next()
	fmt.Println(err)
	fmt.Println(l.Close())
	// Output:
	// wal: /wal/0000000000000001.wal: offset 4096, record 1: end of data
	// <nil>
}
