package crashfs_test

import (
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// logFS is a file system like a small store's: a dozen files, one of them a
// log in the middle of an unsynced append.
func logFS(b *testing.B) *crashfs.FS {
	s := script{b, crashfs.New(crashfs.Options{})}
	s.mkdir("/db")
	for _, name := range []string{"LOCK", "MANIFEST", "1.wal", "2.wal", "3.wal", "1.snap"} {
		s.write("/db/"+name, string(make([]byte, 4096))+"some content", 0)
	}
	s = s.durable()
	s.write("/db/3.wal", string(make([]byte, 300))+"a record", 4500)
	s.write("/db/4.wal", "a header", 0)
	s.rename("/db/4.wal", "/db/5.wal")
	return s.fs
}

func BenchmarkCrash(b *testing.B) {
	p := logFS(b).Point()
	b.ReportAllocs()
	for b.Loop() {
		p.Crash(crashfs.KeepAll)
	}
}

func BenchmarkStates(b *testing.B) {
	p := logFS(b).Point()
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for range p.States(crashfs.Bound{}) {
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
}

func BenchmarkWriteAndSync(b *testing.B) {
	f := crashfs.New(crashfs.Options{})
	h, err := f.Create("/log")
	if err != nil {
		b.Fatal(err)
	}
	p := make([]byte, 152)
	for i := range p {
		p[i] = byte(i)
	}
	var off int64
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.WriteAt(p, off); err != nil {
			b.Fatal(err)
		}
		if err := h.DataSync(); err != nil {
			b.Fatal(err)
		}
		off += int64(len(p))
	}
}
