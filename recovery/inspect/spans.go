package inspect

import (
	"bytes"
	"sort"
)

// spans is a set of keys made of ranges, which are kept apart and in order: adding
// to it costs memory only where it really grows.
type spans struct{ list []keySpan }

// keySpan is [from, to); to nil is without end.
type keySpan struct{ from, to []byte }

func (s *spans) add(from, to []byte) {
	if to != nil && bytes.Compare(from, to) >= 0 {
		return
	}
	// Those from i on end at or behind the new one's beginning; those from j on
	// begin behind its end.
	i := sort.Search(len(s.list), func(i int) bool {
		return s.list[i].to == nil || bytes.Compare(s.list[i].to, from) >= 0
	})
	j := len(s.list)
	if to != nil {
		j = sort.Search(len(s.list), func(j int) bool { return bytes.Compare(s.list[j].from, to) > 0 })
	}
	if i < j {
		if first := s.list[i].from; bytes.Compare(first, from) < 0 {
			from = first
		}
		if last := s.list[j-1].to; last == nil || to != nil && bytes.Compare(last, to) > 0 {
			to = last
		}
	}
	s.list = append(s.list[:i], append([]keySpan{{from, to}}, s.list[j:]...)...)
}

func (s *spans) covers(key []byte) bool {
	i := sort.Search(len(s.list), func(i int) bool {
		return s.list[i].to == nil || bytes.Compare(s.list[i].to, key) > 0
	})
	return i < len(s.list) && bytes.Compare(s.list[i].from, key) <= 0
}
