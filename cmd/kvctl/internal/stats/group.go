package stats

import (
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/wal/record"
)

// By says what makes a group.
type By string

// The ways to group.
const (
	ByNone   By = ""
	ByPrefix By = "prefix"
	ByType   By = "type"
	BySize   By = "size"
	ByTime   By = "time"
)

// Ways are all but ByNone.
func Ways() []string {
	return []string{string(ByPrefix), string(ByType), string(BySize), string(ByTime)}
}

// Others is the group of what came when there were MaxGroups already.
const Others = "(others)"

// MaxGroups bounds the rows, and with them the memory.
const MaxGroups = 100_000

// group is a row's name and its place where the order is not that of bytes.
type group struct {
	name  string
	order int64
}

// prefixOf is a key's prefix: up to and with the depth-th separator. A key
// without one is in the group of all such.
func prefixOf(bucket string, key []byte, separators string, depth int) group {
	at, n := 0, 0
	for i, c := range key {
		if strings.IndexByte(separators, c) >= 0 {
			at = i + 1
			if n++; n == depth {
				break
			}
		}
	}
	name := string(key[:at])
	if at == 0 {
		name = NoPrefix
	}
	if bucket != "" {
		name = bucket + ": " + name
	}
	return group{name: name}
}

// NoPrefix is the group of keys without a separator.
const NoPrefix = "(none)"

// sizes are the upper bounds of the groups by size.
var sizes = [...]int64{0, 16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20}

func sizeOf(n int64, text func(int64) string) group {
	for i, most := range sizes {
		if n <= most {
			if most == 0 {
				return group{"empty", 0}
			}
			return group{"up to " + text(most), int64(i)}
		}
	}
	return group{"over " + text(sizes[len(sizes)-1]), int64(len(sizes))}
}

// widths are what a group by time may last.
var widths = [...]time.Duration{
	time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour,
	24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 364 * 24 * time.Hour,
}

// rows is how many groups by time there are at most.
const rows = 40

// widthFor is the shortest in which a span has at most rows groups.
func widthFor(from, to int64) time.Duration {
	for _, w := range widths {
		if (to-from)/w.Milliseconds() < rows {
			return w
		}
	}
	return widths[len(widths)-1]
}

// periodOf is the group of a time in Unix milliseconds; 0 is no time.
func periodOf(ms int64, width time.Duration) group {
	if ms == 0 {
		return group{"(no time)", 0}
	}
	start := ms - mod(ms, width.Milliseconds())
	layout := "2006-01-02T15:04:05Z"
	if width >= 24*time.Hour {
		layout = "2006-01-02"
	}
	return group{time.UnixMilli(start).UTC().Format(layout), start}
}

func mod(a, n int64) int64 { return ((a % n) + n) % n }

// weight is the bytes of an operation's keys and values.
func weight(m *record.Mutation) int64 {
	return int64(len(m.Bucket) + len(m.Key) + len(m.Value) + len(m.To))
}
