package inspect_test

import (
	"context"
	"fmt"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// damagedStore holds three commits, the second of which has rotted.
func damagedStore() *memfs.FS {
	fsys := memfs.New()
	db, err := engine.Open("db", &engine.Options{FS: fsys})
	if err != nil {
		panic(err)
	}
	for _, v := range []string{"one", "two", "three"} {
		if err := db.Set(context.Background(), []byte("key"), []byte(v)); err != nil {
			panic(err)
		}
	}
	if err := db.Close(); err != nil {
		panic(err)
	}
	s, err := inspect.Open(fsys, "db", inspect.Options{})
	if err != nil {
		panic(err)
	}
	u, err := s.UnitAt(context.Background(), 2)
	if err != nil {
		panic(err)
	}
	f, err := fsys.OpenWrite(u.File)
	if err != nil {
		panic(err)
	}
	if _, err := f.WriteAt([]byte("rot"), u.Offset+51); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
	return fsys
}

func ExampleStore_Frames() {
	s, err := inspect.Open(damagedStore(), "db", inspect.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for f, err := range s.Frames(context.Background(), inspect.From{}, false) {
		switch {
		case err != nil:
			fmt.Println(err)
		case f.Valid() && f.Count() > 0:
			fmt.Println("LSN", f.LSN)
		case f.Verdict.Kind.Bad():
			fmt.Println(f.Verdict.Kind, "- lost:", f.Verdict.Lost, "-", f.Verdict.Check)
		}
	}
	// Output:
	// LSN 1
	// damaged - lost: LSN 2 - body CRC
	// LSN 3
}

func ExampleStore_History() {
	s, err := inspect.Open(damagedStore(), "db", inspect.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for c, err := range s.History(context.Background(), "", []byte("key")) {
		switch {
		case err != nil:
			fmt.Println(err)
		case c.Gap != nil:
			fmt.Println("not known:", c.Gap.Verdict.Lost)
		default:
			fmt.Println("LSN", c.LSN, c.Op, string(c.Value))
		}
	}
	// Output:
	// LSN 1 set one
	// not known: LSN 2
	// LSN 3 set three
}

func ExampleStore_State() {
	s, err := inspect.Open(damagedStore(), "db", inspect.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, lsn := range []uint64{1, 3} {
		st, err := s.State(context.Background(), lsn)
		if err != nil {
			fmt.Println(err)
			return
		}
		e, _, err := st.Get(context.Background(), "", []byte("key"))
		fmt.Printf("%s %v\n", e.Value, err != nil)
	}
	// Output:
	// one false
	//  true
}

func ExampleUnit_Fields() {
	s, err := inspect.Open(damagedStore(), "db", inspect.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := s.UnitAt(context.Background(), 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for f := range u.Fields() {
		if f.Bad {
			fmt.Println(f.Name, "at", f.Offset-u.Offset, "does not hold")
		}
	}
	// Output:
	// body CRC at 32 does not hold
}
