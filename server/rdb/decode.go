package rdb

import (
	"encoding/binary"
	"math"
	"strconv"
)

// decoder takes what it needs from the front of b. What is wrong sets failed, and
// from then on everything is empty.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) fail() { d.failed, d.b = true, nil }

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

// length reads a length, or, when encoded, the kind of what follows instead.
func (d *decoder) length() (n uint64, encoded bool) {
	c := d.byte()
	switch {
	case c < 0x40:
		return uint64(c), false
	case c < 0x80:
		return uint64(c&0x3f)<<8 | uint64(d.byte()), false
	case c >= 0xc0:
		return uint64(c & 0x3f), true
	case c == 0x80:
		if p := d.take(4); p != nil {
			return uint64(binary.BigEndian.Uint32(p)), false
		}
	case c == 0x81:
		if p := d.take(8); p != nil {
			return binary.BigEndian.Uint64(p), false
		}
	default:
		d.fail()
	}
	return 0, false
}

// count reads the number of elements that follow, each of at least size bytes.
func (d *decoder) count(size uint64) int {
	n, encoded := d.length()
	if encoded || n > uint64(len(d.b))/size {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) string() []byte {
	n, encoded := d.length()
	if !encoded {
		return d.take(n)
	}
	switch n {
	case encodedInt8:
		return decimal(int64(int8(d.byte())))
	case encodedInt16:
		if p := d.take(2); p != nil {
			return decimal(int64(int16(binary.LittleEndian.Uint16(p))))
		}
	case encodedInt32:
		if p := d.take(4); p != nil {
			return decimal(int64(int32(binary.LittleEndian.Uint32(p))))
		}
	case encodedCompressed:
		size, e1 := d.length()
		full, e2 := d.length()
		if p := d.take(size); p != nil && !e1 && !e2 {
			if out, ok := decompress(p, full); ok {
				return out
			}
		}
		d.fail()
	default:
		d.fail()
	}
	return nil
}

func decimal(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

func (d *decoder) double() float64 {
	if p := d.take(8); p != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(p))
	}
	return 0
}

// textDouble reads a score of the oldest form.
func (d *decoder) textDouble() float64 {
	switch n := d.byte(); n {
	case 253:
		return math.NaN()
	case 254:
		return math.Inf(1)
	case 255:
		return math.Inf(-1)
	default:
		return d.parseDouble(d.take(uint64(n)))
	}
}

func (d *decoder) parseDouble(text []byte) float64 {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !math.IsInf(f, 0) {
		d.fail()
	}
	return f
}

func (d *decoder) strings(n int) [][]byte {
	var out [][]byte
	for range n {
		out = append(out, d.string())
		if d.failed {
			return nil
		}
	}
	return out
}

func (d *decoder) value(t byte) Value {
	switch t {
	case typeString:
		return Value{Type: String, Elems: d.strings(1)}
	case typeList:
		return Value{Type: List, Elems: d.strings(d.count(1))}
	case typeSet:
		return Value{Type: Set, Elems: d.strings(d.count(1))}
	case typeHash:
		return Value{Type: Hash, Elems: d.strings(2 * d.count(2))}
	case typeZset, typeZset2:
		return d.zset(t == typeZset)
	case typeSetIntset:
		return Value{Type: Set, Elems: d.nested((*decoder).intset)}
	case typeSetListpack:
		return Value{Type: Set, Elems: d.nested((*decoder).listpack)}
	case typeListZiplist:
		return Value{Type: List, Elems: d.nested((*decoder).ziplist)}
	case typeHashZiplist:
		return Value{Type: Hash, Elems: d.nested((*decoder).ziplist)}
	case typeHashListpack:
		return Value{Type: Hash, Elems: d.nested((*decoder).listpack)}
	case typeZsetZiplist:
		return d.scored(d.nested((*decoder).ziplist))
	case typeZsetListpack:
		return d.scored(d.nested((*decoder).listpack))
	case typeListQuick, typeListQuick2:
		return d.quicklist(t == typeListQuick2)
	}
	d.fail()
	return Value{}
}

func (d *decoder) zset(text bool) Value {
	v := Value{Type: Zset}
	for range d.count(2) {
		v.Elems = append(v.Elems, d.string())
		if text {
			v.Scores = append(v.Scores, d.textDouble())
		} else {
			v.Scores = append(v.Scores, d.double())
		}
		if d.failed {
			return v
		}
	}
	return v
}

// scored splits members and scores that follow each other as strings.
func (d *decoder) scored(flat [][]byte) Value {
	v := Value{Type: Zset}
	if len(flat)%2 != 0 {
		d.fail()
		return v
	}
	for i := 0; i < len(flat); i += 2 {
		v.Elems = append(v.Elems, flat[i])
		v.Scores = append(v.Scores, d.parseDouble(flat[i+1]))
	}
	return v
}

func (d *decoder) quicklist(second bool) Value {
	v := Value{Type: List}
	for range d.count(1) {
		container := uint64(quickPacked)
		if second {
			container, _ = d.length()
		}
		switch {
		case container == quickPlain:
			v.Elems = append(v.Elems, d.string())
		case container != quickPacked:
			d.fail()
		case second:
			v.Elems = append(v.Elems, d.nested((*decoder).listpack)...)
		default:
			v.Elems = append(v.Elems, d.nested((*decoder).ziplist)...)
		}
		if d.failed {
			return v
		}
	}
	return v
}

// nested reads a string and what is packed in it, to its end.
func (d *decoder) nested(read func(*decoder) [][]byte) [][]byte {
	in := &decoder{b: d.string(), failed: d.failed}
	out := read(in)
	if in.failed || len(in.b) > 0 {
		d.fail()
		return nil
	}
	return out
}
