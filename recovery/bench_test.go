package recovery_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// cheap is a Loader that looks at everything and keeps nothing.
type cheap struct {
	records, bytes int
}

func (c *cheap) Reset()      {}
func (c *cheap) Presize(int) {}
func (c *cheap) LoadBlock(entries []record.Entry) error {
	c.records += len(entries)
	return nil
}
func (c *cheap) Apply(_ uint64, commit *record.Commit) error {
	c.records++
	for i := range commit.Mutations {
		c.bytes += len(commit.Mutations[i].Key) + len(commit.Mutations[i].Value)
	}
	return nil
}

// BenchmarkReplay opens a store of 500,000 sets of 16-byte keys and 128-byte
// values, in groups as that many writers make them, from a file system whose
// cache is warm. It prints records a second.
func BenchmarkReplay(b *testing.B) {
	const records = 500_000
	for _, group := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) {
			d := b.TempDir()
			build(b, osfs.New(), d, records, group)
			b.ResetTimer()
			for range b.N {
				c := &cheap{}
				s, err := recovery.Open(context.Background(), recovery.Options{FS: osfs.New(), Dir: d, Loader: c})
				if err != nil {
					b.Fatal(err)
				}
				if c.records != records {
					b.Fatal(s.Report)
				}
			}
			b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// build writes a store of sets with random keys.
func build(b *testing.B, fsys vfs.FS, d string, records, group int) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	bl := recoverytest.New(b, fsys, d)
	s := bl.Segment()
	value := make([]byte, 128)
	commits := make([]record.Commit, group)
	for done := 0; done < records; done += group {
		for i := range commits {
			key := binary.LittleEndian.AppendUint64(nil, random.Uint64())
			key = binary.LittleEndian.AppendUint64(key, random.Uint64())
			commits[i] = record.Commit{Mutations: []record.Mutation{{Op: record.OpSet, Key: key, Value: value}}}
		}
		s.Frame(synced, commits[:min(group, records-done)]...)
		if s.End() > 64<<20 {
			s.Seal()
			s = bl.Segment()
		}
	}
	bl.Write()
}
