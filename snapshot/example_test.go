package snapshot_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// A backup is a snapshot written to any io.Writer.
func ExampleWriter() {
	var backup bytes.Buffer
	w, err := snapshot.NewWriter(&backup, snapshot.Meta{LSN: 7}, snapshot.WriterOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"ann", "bob"} { // in order
		if err := w.Add(&record.Entry{Bucket: "users", Key: []byte(key), Value: []byte("hello"), LSN: 7}); err != nil {
			fmt.Println(err)
			return
		}
	}
	s, err := w.Finish()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d entries, digest %x…\n", s.Entries, s.Digest[:4])

	r, err := snapshot.OpenReaderAt(bytes.NewReader(backup.Bytes()), int64(backup.Len()), snapshot.ReaderOptions{Name: "backup"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("verified:", r.Verify(context.Background()) == nil)
	// Output:
	// 2 entries, digest 86884957…
	// verified: true
}

func ExampleReader() {
	fsys := memfs.New()
	_, err := snapshot.Publish(context.Background(), fsys, "/", snapshot.Meta{LSN: 42}, snapshot.WriterOptions{},
		func(w *snapshot.Writer) error {
			for _, key := range []string{"a", "b", "c"} {
				if err := w.Add(&record.Entry{Key: []byte(key), Value: []byte("value of " + key), LSN: 42}); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := snapshot.Open(fsys, "/"+snapshot.Name(42), snapshot.ReaderOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()

	e, found, err := r.Get("", []byte("b")) // reads one block
	fmt.Printf("%s %v %v\n", e.Value, found, err)
	for e, err := range r.Ascend("", []byte("b")) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s ", e.Key)
	}
	// Output:
	// value of b true <nil>
	// b c
}
