package inspect_test

import (
	"context"
	"slices"
	"testing"

	"github.com/redis-lite/redis-lite/recovery/inspect"
)

func TestSegmentsAreCountedAndJudged(t *testing.T) {
	b := small(t)
	b.Segments[1].Flip(4160 + 45)
	b.Segments[1].Fill(100)
	b.Write()
	var all []*inspect.Segment
	for g, err := range open(t, b).Segments(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if len(all) != 2 {
		t.Fatal(len(all))
	}
	g := all[0]
	if g.Frames != 3 || g.Records != 3 || g.FirstLSN != 1 || g.LastLSN != 3 || !g.Sealed || g.Worst.Kind != inspect.Valid || g.Next.End != 4256 || g.Active {
		t.Errorf("%+v", g)
	}
	g = all[1]
	if g.Frames != 3 || g.Records != 3 || g.FirstLSN != 4 || g.LastLSN != 7 || g.Worst.Kind != inspect.Damaged || !g.Active ||
		g.DataEnd != 4312 || g.End != 4312 || g.Size != 4412 || len(g.Spans) != 2 {
		t.Errorf("%+v", g)
	}
}

func TestFilesAreThoseThatAreAndThoseThatShouldBe(t *testing.T) {
	b := small(t)
	b.Write()
	b.WriteFile("wal/.tmp", nil)
	b.WriteFile("snap/notes.txt", nil)
	b.WriteFile("quarantine/0001", []byte("cut"))
	if err := b.FS.Remove(b.SegmentPath(b.Segments[0])); err != nil {
		t.Fatal(err)
	}
	files, err := open(t, b).Files()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		line := string(f.Kind) + " " + f.Name
		if f.Listed {
			line += " listed"
		}
		if f.Missing {
			line += " missing"
		}
		got = append(got, line)
	}
	want := []string{
		"manifest MANIFEST listed",
		"quarantine quarantine/0001",
		"foreign snap/notes.txt",
		"temporary wal/.tmp",
		"segment wal/0000000000000001.wal listed missing",
		"segment wal/0000000000000002.wal listed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
