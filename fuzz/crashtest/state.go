package crashtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// State is what a user can read in a store: values by key. A store of another
// shape is written down as one: a list as its indices, buckets as prefixes, an
// item's deadline behind its value.
type State map[string]string

// Clone is a copy.
func (s State) Clone() State {
	if s == nil {
		return State{}
	}
	return maps.Clone(s)
}

// Equal compares two states; nil and empty are equal.
func (s State) Equal(other State) bool { return maps.Equal(s, other) }

// hash is equal for equal states.
func (s State) hash() uint64 {
	var sum uint64
	for k, v := range s {
		h := uint64(14695981039346656037)
		for _, part := range []string{k, "\x00", v} {
			for i := 0; i < len(part); i++ {
				h = (h ^ uint64(part[i])) * 1099511628211
			}
			h = mix(h)
		}
		sum += h
	}
	return mix(sum + uint64(len(s)))
}

func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// String is the state on one line, in order, long values shortened.
func (s State) String() string {
	if len(s) == 0 {
		return "{}"
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, k := range slices.Sorted(maps.Keys(s)) {
		if i == 40 {
			fmt.Fprintf(&b, " ... %d keys", len(s))
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%s", brief(k), brief(s[k]))
	}
	b.WriteByte('}')
	return b.String()
}

// brief is a string for people: plain when it is short text, quoted otherwise.
func brief(s string) string {
	long := len(s)
	if long > 24 {
		s = s[:16]
	}
	q := s
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' {
			q = fmt.Sprintf("%q", s)
			break
		}
	}
	if q == "" {
		q = `""`
	}
	if long > len(s) {
		q += fmt.Sprintf("...(%d bytes)", long)
	}
	return q
}

// differences lists the keys in which found is not want, in order.
func differences(want, found State) []Difference {
	var out []Difference
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if v, ok := found[k]; !ok || v != want[k] {
			out = append(out, Difference{Key: k, Want: want[k], Found: v, Missing: !ok})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(found)) {
		if _, ok := want[k]; !ok {
			out = append(out, Difference{Key: k, Found: found[k], Extra: true})
		}
	}
	return out
}

// A Difference is one key in which what was found differs from a legal state.
type Difference struct {
	Key         string
	Want, Found string
	Missing     bool // the key is not there
	Extra       bool // the key ought not to be there
}

func (d Difference) String() string {
	switch {
	case d.Missing:
		return fmt.Sprintf("%s is missing, was %s", brief(d.Key), brief(d.Want))
	case d.Extra:
		return fmt.Sprintf("%s=%s ought not to be there", brief(d.Key), brief(d.Found))
	}
	return fmt.Sprintf("%s is %s, was %s", brief(d.Key), brief(d.Found), brief(d.Want))
}
