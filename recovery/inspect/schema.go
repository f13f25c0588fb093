package inspect

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis-lite/redis-lite/wal/record"
)

// key says what stands under an integer key of a CBOR map.
type key struct {
	name string
	as   string       // how its value is shown: "uuid", "time", "hex", "link"; "" = as it is
	sub  map[int]*key // of a map, or of each map in an array
}

// The maps of the format; docs/format/ has them in words.
func segmentKeys() map[int]*key {
	return map[int]*key{
		1: {name: "version"}, 2: {name: "flags"}, 3: {name: "store", as: "uuid"}, 4: {name: "sequence"},
		5: {name: "first LSN"}, 6: {name: "salt", as: "link"}, 7: {name: "alignment"}, 8: {name: "reach"},
		9: {name: "predecessor", sub: map[int]*key{
			1: {name: "sequence"}, 2: {name: "end"}, 3: {name: "last LSN"}, 4: {name: "link", as: "link"},
		}},
		10: {name: "created", as: "time"},
	}
}

func manifestKeys() map[int]*key {
	return map[int]*key{
		1: {name: "store", as: "uuid"}, 2: {name: "generation"},
		3: {name: "snapshots", sub: map[int]*key{
			1: {name: "LSN"}, 2: {name: "entries"}, 3: {name: "size"}, 4: {name: "digest", as: "hex"}, 5: {name: "origin", as: "uuid"},
		}},
		4: {name: "first segment"}, 5: {name: "active segment"}, 6: {name: "next LSN"},
		7: {name: "created", as: "time"}, 8: {name: "lazy"},
	}
}

func preambleKeys() map[int]*key {
	return map[int]*key{
		1: {name: "version"}, 2: {name: "store", as: "uuid"}, 3: {name: "LSN"},
		4: {name: "created", as: "time"}, 5: {name: "codec"},
	}
}

// whole is keyed for a map that ought to reach to end.
func (a *annotator) whole(name string, off, end int, keys map[int]*key) {
	if at := a.keyed(name, off, end, keys); at < end {
		a.field("bytes behind the map", at, end-at, show(a.b[at:end]))
	}
}

// keyed names a CBOR map with integer keys at off, which reaches no further than
// end, and returns the offset behind it. Where it is no such map, the rest is one
// field.
func (a *annotator) keyed(name string, off, end int, keys map[int]*key) int {
	it, ok := itemAt(a.b[off:end])
	if !ok || it.major != 5 {
		a.field(name, off, end-off, "not a map: "+show(a.b[off:end]))
		return end
	}
	a.field(name, off, it.head, fmt.Sprintf("map of %d", it.arg))
	a.depth++
	defer func() { a.depth-- }()
	at := off + it.head
	for range it.arg {
		k, ok := itemAt(a.b[at:end])
		n := itemLen(a.b[min(at+k.head, end):end])
		if !ok || n == 0 || a.over {
			a.cut = true
			a.field("malformed", at, end-at, show(a.b[at:end]))
			return end
		}
		desc := keys[int(k.arg)]
		if desc == nil || k.major != 0 {
			desc = &key{name: "unknown key " + value(a.b[at:at+k.head], "")}
		}
		at = a.entry(desc, at, k.head, n)
	}
	return at
}

// entry names a key and its value, n bytes long.
func (a *annotator) entry(desc *key, at, head, n int) int {
	start, end := at+head, at+head+n
	if desc.sub == nil {
		a.field(desc.name, at, head+n, value(a.b[start:end], desc.as))
		return end
	}
	it, _ := itemAt(a.b[start:end])
	if it.major != 4 {
		a.field(desc.name, at, head, "key")
		a.depth++
		a.whole(desc.name, start, end, desc.sub)
		a.depth--
		return end
	}
	a.field(desc.name, at, head+it.head, fmt.Sprintf("array of %d", it.arg))
	a.depth++
	in := start + it.head
	for i := range it.arg {
		n := itemLen(a.b[in:end])
		if n == 0 || a.over {
			break
		}
		a.whole(fmt.Sprintf("%s %d", desc.name, i+1), in, in+n, desc.sub)
		in += n
	}
	if in < end {
		a.field("malformed", in, end-in, show(a.b[in:end]))
	}
	a.depth--
	return end
}

// record names a record at off, and returns the offset behind it. Of bytes that
// are no CBOR item it names nothing and returns off. A record that cannot be decoded
// is marked, and named as far as it has the shape of one; one that is cut off by end,
// as a torn frame's is, as far as it goes.
func (a *annotator) record(name string, off, end int) int {
	it, ok := itemAt(a.b[off:end])
	n := itemLen(a.b[off:end])
	if !ok || n == 0 && (it.major != 4 || it.arg > 3) {
		return off
	}
	head := Field{Name: name, Offset: int64(off), Size: int64(it.head), Value: fmt.Sprintf("array of %d", it.arg)}
	if n == 0 {
		n = end - off
		head.Checked, head.Expected, head.Found, head.Bad = true, "a whole record", "it is cut off, or garbled", true
	} else if _, err := record.DecodeInto(new(record.Commit), a.b[off:off+n]); err != nil {
		head.Checked, head.Expected, head.Found, head.Bad = true, "a record", complaint(err), true
	}
	if it.major != 4 {
		head.Size, head.Value = int64(n), record.Diagnose(a.b[off:off+n])
		a.emit(head)
		return off + n
	}
	a.emit(head)
	a.depth++
	defer func() { a.depth-- }()
	at := off + it.head
	whole := a.b
	a.b = a.b[:off+n] // nothing of it lies further on
	defer func() { a.b, a.cut = whole, false }()
	for i := range int(it.arg) {
		switch in, _ := itemAt(a.b[at:]); {
		case a.done():
			return off + n
		case i == 0 && in.major == 0:
			at = a.number("kind", at, record.Kind(min(in.arg, 255)).String())
		case i == 1 && in.major == 4:
			at = a.operations(at)
		case i == 2 && in.major == 5:
			at = a.keyed("meta", at, off+n, map[int]*key{1: {name: "time", as: "time"}})
		default:
			at = a.item("unknown", at, "")
		}
	}
	if !a.done() && at < off+n {
		a.field("unknown", at, off+n-at, show(a.b[at:]))
	}
	return off + n
}

// complaint is why a record cannot be decoded, in words that fit a damaged frame and
// a newer program's alike.
func complaint(err error) string {
	var newer *record.UnknownError
	if errors.As(err, &newer) {
		return fmt.Sprintf("unknown %s %d", newer.What, newer.Value)
	}
	return strings.TrimPrefix(err.Error(), "record: ")
}

func (a *annotator) operations(at int) int {
	it, _ := itemAt(a.b[at:])
	a.field("operations", at, it.head, fmt.Sprintf("array of %d", it.arg))
	at += it.head
	a.depth++
	defer func() { a.depth-- }()
	for i := uint64(0); i < it.arg && !a.done(); i++ {
		at = a.operation(fmt.Sprintf("operation %d", i+1), at)
	}
	return at
}

func (a *annotator) operation(name string, at int) int {
	it, ok := itemAt(a.b[at:])
	if !ok || it.major != 4 {
		return a.item(name, at, "")
	}
	a.field(name, at, it.head, fmt.Sprintf("array of %d", it.arg))
	at += it.head
	a.depth++
	defer func() { a.depth-- }()
	names := []string{"op", "bucket", "key", "value", "deadline"}
	for i := 0; uint64(i) < it.arg && !a.done(); i++ {
		switch in, _ := itemAt(a.b[at:]); {
		case i == 0 && in.major == 0:
			op := record.Op(min(in.arg, 255))
			if op == record.OpDeleteRange {
				names = []string{"op", "bucket", "from", "to"}
			}
			at = a.number("op", at, op.String())
		case i >= len(names):
			at = a.item("unknown", at, "")
		case names[i] == "deadline":
			at = a.item("deadline", at, "time")
		default:
			at = a.item(names[i], at, "")
		}
	}
	return at
}

// number names a small number that stands for a word.
func (a *annotator) number(name string, at int, word string) int {
	it, ok := itemAt(a.b[at:])
	if !ok {
		return a.item(name, at, "")
	}
	if strings.Contains(word, "(") { // it has no name
		word = "unknown"
	}
	a.field(name, at, it.head, fmt.Sprintf("%d, %s", it.arg, word))
	return at + it.head
}

// item names one whole item, or what there is of it.
func (a *annotator) item(name string, at int, as string) int {
	n := itemLen(a.b[at:])
	if n == 0 {
		if a.cut = true; at < len(a.b) {
			it, _ := itemAt(a.b[at:])
			a.emit(Field{Name: name, Offset: int64(at), Size: int64(len(a.b) - at), Value: show(a.b[at+it.head:]),
				Checked: true, Expected: "more bytes", Found: show(a.b[at+it.head:]) + ", and there it ends", Bad: true})
		}
		return len(a.b)
	}
	a.field(name, at, n, value(a.b[at:at+n], as))
	return at + n
}

// tuple names an array of known parts, and returns the offset behind it, off when
// it is none.
func (a *annotator) tuple(name string, off, end int, parts ...string) int {
	n := itemLen(a.b[off:end])
	it, ok := itemAt(a.b[off:end])
	if n == 0 || !ok || it.major != 4 {
		return off
	}
	a.field(name, off, it.head, fmt.Sprintf("array of %d", it.arg))
	a.depth++
	defer func() { a.depth-- }()
	at := off + it.head
	for i := range int(min(it.arg, 64)) {
		part := "unknown"
		if i < len(parts) {
			part = parts[i]
		}
		as := ""
		switch part {
		case "deadline":
			as = "time"
		case "place":
			as = "hex"
		}
		at = a.item(part, at, as)
	}
	if at < off+n {
		a.field("unknown", at, off+n-at, show(a.b[at:off+n]))
	}
	return off + n
}
