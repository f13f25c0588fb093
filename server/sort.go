package server

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/redis-lite/redis-lite/server/resp"
)

func sortCommands() []*Command {
	const complexity = "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N)."
	return []*Command{
		{Name: "sort", Arity: -2, Flags: Write | DenyOOM | MovableKeys, First: 1, Last: 1, Step: 1, Keys: sortKeys, Group: GroupGeneric, Since: "1.0.0",
			ACL: []string{"set", "sortedset", "list", "dangerous"}, Complexity: complexity,
			Summary: "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.", Run: runSort},
		{Name: "sort_ro", Arity: -2, Flags: ReadOnly | MovableKeys, First: 1, Last: 1, Step: 1, Group: GroupGeneric, Since: "7.0.0",
			ACL: []string{"set", "sortedset", "list", "dangerous"}, Complexity: complexity,
			Summary: "Returns the sorted elements of a list, a set, or a sorted set.", Run: runSort},
	}
}

// sortKeys finds the key and, when the result is stored, its destination.
func sortKeys(args [][]byte) ([]int, bool) {
	places := []int{1}
	for i := 2; i < len(args); i++ {
		switch {
		case equalFold(args[i], "limit"):
			i += 2
		case equalFold(args[i], "get"), equalFold(args[i], "by"):
			i++
		case equalFold(args[i], "store") && i+1 < len(args):
			// What follows may be the word again; the last one counts.
			places = append(places[:1], i+1)
		}
	}
	return places, true
}

// sortOptions are those of SORT.
type sortOptions struct {
	desc, alpha bool
	by          []byte // nil for the elements themselves
	plain       bool   // BY names no key: the elements stay as they come
	start       int64
	count       int64 // negative for all
	get         [][]byte
	store       []byte
}

func (c *Call) parseSort() (o sortOptions, err error) {
	o.count = -1
	for i := 2; i < len(c.Args); i++ {
		left := len(c.Args) - i - 1
		switch {
		case c.Is(i, "asc"):
			o.desc = false
		case c.Is(i, "desc"):
			o.desc = true
		case c.Is(i, "alpha"):
			o.alpha = true
		case c.Is(i, "limit") && left >= 2:
			if o.start, err = c.parseInt(i + 1); err == nil {
				o.count, err = c.parseInt(i + 2)
			}
			if err != nil {
				return o, err
			}
			i += 2
		case c.Is(i, "store") && left >= 1 && c.Cmd.Name == "sort":
			o.store = c.Args[i+1]
			i++
		case c.Is(i, "by") && left >= 1:
			o.by = c.Args[i+1]
			o.plain = bytes.IndexByte(o.by, '*') < 0
			i++
		case c.Is(i, "get") && left >= 1:
			o.get = append(o.get, c.Args[i+1])
			i++
		default:
			return o, ErrSyntax
		}
	}
	return o, nil
}

// sorted is an element with what it is sorted by.
type sorted struct {
	elem   []byte
	weight float64
	text   []byte // nil when there is none
}

func runSort(c *Call) {
	o, err := c.parseSort()
	if err != nil {
		c.Fail(err)
		return
	}
	s := c.Space()
	list, kind, err := s.sortable(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	if kind == KindSet && o.plain && o.store != nil {
		// What is stored must not depend on an accidental order.
		o.plain, o.alpha, o.by = false, true, nil
	}
	switch {
	case !o.plain:
		if err := s.weigh(list, o); err != nil {
			c.Fail(err)
			return
		}
		slices.SortStableFunc(list, o.compare)
	case kind == KindZset && o.desc:
		slices.Reverse(list)
	}
	list = o.limit(list)
	if o.store != nil {
		s.storeSorted(c, list, o)
		return
	}
	c.Array(len(list) * max(len(o.get), 1))
	s.sortOutput(list, o, func(v []byte, ok bool) {
		if ok {
			c.Bulk(v)
		} else {
			c.Null()
		}
	})
}

// sortable returns the elements of a list, set or sorted set.
func (s *Space) sortable(key []byte) (list []sorted, kind Kind, err error) {
	if _, isString := s.item(key); isString {
		return nil, 0, ErrWrongType
	}
	c, ok := s.OpenAny(key)
	if !ok {
		return nil, KindNone, nil
	}
	if c.Kind() == KindHash {
		return nil, 0, ErrWrongType
	}
	c.each(func(e entry) { list = append(list, sorted{elem: e.k}) })
	return list, c.Kind(), nil
}

// weigh finds what each element is sorted by.
func (s *Space) weigh(list []sorted, o sortOptions) error {
	for i := range list {
		v := list[i].elem
		if o.by != nil {
			var ok bool
			if v, ok = s.byPattern(o.by, v); !ok {
				continue
			}
		}
		if o.alpha {
			list[i].text = v
			continue
		}
		f, err := parseWeight(v)
		if err != nil {
			return err
		}
		list[i].weight = f
	}
	return nil
}

// parseWeight reads a number as C's strtod does, nothing being zero.
func parseWeight(v []byte) (float64, error) {
	const invalid = Reply("ERR One or more scores can't be converted into double")
	v, _, _ = bytes.Cut(v, []byte{0}) // where a string of C ends
	if len(v) == 0 {
		return 0, nil
	}
	if n, ok := resp.ParseInt(v); ok {
		return float64(n), nil
	}
	text := string(bytes.TrimLeft(v, " \t\n\v\f\r"))
	if strings.Contains(strings.ToLower(text), "0x") && !strings.ContainsAny(text, "pP") {
		text += "p0" // which C does without
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || bytes.IndexByte(v, '_') >= 0 {
		return 0, invalid
	}
	return f, nil
}

func (o sortOptions) compare(a, b sorted) int {
	var d int
	switch {
	case !o.alpha:
		switch {
		case a.weight < b.weight:
			d = -1
		case a.weight > b.weight:
			d = 1
		default:
			d = bytes.Compare(a.elem, b.elem)
		}
	case a.text == nil || b.text == nil:
		switch {
		case a.text == nil && b.text != nil:
			d = -1
		case a.text != nil:
			d = 1
		}
	default:
		d = bytes.Compare(a.text, b.text)
	}
	if o.desc {
		return -d
	}
	return d
}

func (o sortOptions) limit(list []sorted) []sorted {
	n := int64(len(list))
	start := min(max(o.start, 0), n)
	end := n
	if o.count >= 0 && o.count < n-start {
		end = start + o.count
	}
	return list[start:end]
}

// sortOutput visits what the command returns: the elements, or for each the
// values that GET asks for.
func (s *Space) sortOutput(list []sorted, o sortOptions, fn func(v []byte, ok bool)) {
	for _, e := range list {
		if len(o.get) == 0 {
			fn(e.elem, true)
		}
		for _, p := range o.get {
			fn(s.byPattern(p, e.elem))
		}
	}
}

func (s *Space) storeSorted(c *Call, list []sorted, o sortOptions) {
	var out [][]byte
	s.sortOutput(list, o, func(v []byte, _ bool) { out = append(out, v) })
	if len(out) == 0 {
		if s.Delete(o.store) {
			s.Notify('g', "del", o.store)
		}
		c.Int(0)
		return
	}
	dst := s.Create(o.store, KindList)
	for _, v := range out {
		dst.Push(v, false)
	}
	dst.Close()
	s.Notify('l', "sortstore", o.store)
	c.Int(int64(len(out)))
}

// byPattern puts an element into a pattern ("weight_*", "object_*->name", "#" for
// the element itself) and returns what it leads to.
func (s *Space) byPattern(pattern, elem []byte) (v []byte, ok bool) {
	if string(pattern) == "#" {
		return elem, true
	}
	star := bytes.IndexByte(pattern, '*')
	if star < 0 {
		return nil, false
	}
	tail := pattern[star+1:]
	var field []byte
	if i := bytes.Index(tail, []byte("->")); i >= 0 && i+2 < len(tail) {
		tail, field = tail[:i], tail[i+2:]
	}
	key := slices.Concat(pattern[:star], elem, tail)
	if field == nil {
		it, ok := s.item(key)
		return it.Value, ok
	}
	h, err := s.Open(key, KindHash)
	if err != nil {
		return nil, false
	}
	return h.Get(field)
}
