package record_test

import (
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/wal/record"
)

func TestDiagnoseShowsTextAsText(t *testing.T) {
	b := record.AppendCommit(nil, &record.Commit{Mutations: []record.Mutation{
		{Op: record.OpSet, Key: []byte("mykey"), Value: []byte{0xff, 0}, Deadline: 9},
		{Op: record.OpDeleteRange, Bucket: "b", Key: []byte("a")},
	}})
	const want = `[1, [[1, "", 'mykey', h'ff00', 9], [3, "b", 'a', null]]]`
	if got := record.Diagnose(b); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := record.Diagnose(append(b, b...)); got != want+", "+want {
		t.Errorf("a sequence: %s", got)
	}
	if got := record.Diagnose(nil); got != "" {
		t.Errorf("nothing: %s", got)
	}
}

func TestDiagnoseShowsWhatItCan(t *testing.T) {
	got := record.Diagnose([]byte{0x01, 0x82, 0x02})
	if want := "1, / malformed at byte 1: array longer than what is left / h'8202'"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// Text that is not UTF-8 is the library's to refuse.
	if got := record.Diagnose([]byte{0x61, 0xff}); !strings.Contains(got, "h'61ff'") {
		t.Error(got)
	}
}

func TestDiagnoseShowsLongCommits(t *testing.T) {
	c := record.Commit{Mutations: make([]record.Mutation, 200_000)}
	for i := range c.Mutations {
		c.Mutations[i] = record.Mutation{Op: record.OpDelete, Key: []byte{1}}
	}
	if got := record.Diagnose(record.AppendCommit(nil, &c)); strings.Contains(got, "malformed") {
		t.Error(got[:200])
	}
}
