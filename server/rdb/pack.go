package rdb

import "encoding/binary"

// intset: width and count, 4 bytes each, and the numbers, little-endian.
func (d *decoder) intset() [][]byte {
	head := d.take(8)
	if head == nil {
		return nil
	}
	width, n := binary.LittleEndian.Uint32(head), uint64(binary.LittleEndian.Uint32(head[4:]))
	if width != 2 && width != 4 && width != 8 || n != uint64(len(d.b))/uint64(width) {
		d.fail()
		return nil
	}
	var out [][]byte
	for range n {
		out = append(out, decimal(little(d.take(uint64(width)))))
	}
	return out
}

// little reads a signed little-endian number of 1 to 8 bytes.
func little(p []byte) int64 {
	var u uint64
	for i, c := range p {
		u |= uint64(c) << (8 * i)
	}
	shift := 64 - 8*len(p)
	return int64(u<<shift) >> shift
}

// listpack: length in bytes (4), count (2), entries, 0xff. An entry is its head,
// its bytes, and its own length again, for reading backwards.
func (d *decoder) listpack() [][]byte {
	if d.take(6) == nil {
		return nil
	}
	var out [][]byte
	for {
		before := len(d.b)
		c := d.byte()
		if d.failed {
			return nil
		}
		var e []byte
		switch {
		case c == 0xff:
			return out
		case c < 0x80: // 7 bits
			e = decimal(int64(c))
		case c < 0xc0: // string, 6 bits of length
			e = d.take(uint64(c & 0x3f))
		case c < 0xe0: // 13 bits, signed
			e = decimal(int64(int16((uint16(c&0x1f)<<8|uint16(d.byte()))<<3) >> 3))
		case c < 0xf0: // string, 12 bits of length
			e = d.take(uint64(c&0x0f)<<8 | uint64(d.byte()))
		case c == 0xf0: // string, 32 bits of length
			if p := d.take(4); p != nil {
				e = d.take(uint64(binary.LittleEndian.Uint32(p)))
			}
		case c <= 0xf4: // numbers of 2, 3, 4 and 8 bytes
			e = decimal(little(d.take([]uint64{2, 3, 4, 8}[c-0xf1])))
		default:
			d.fail()
		}
		d.take(backLength(before - len(d.b)))
		if d.failed {
			return nil
		}
		out = append(out, e)
	}
}

// backLength is how many bytes an entry of n bytes ends with, seven bits in each.
func backLength(n int) uint64 {
	size := uint64(1)
	for n >>= 7; n > 0; n >>= 7 {
		size++
	}
	return size
}

// ziplist: length in bytes (4), place of the last entry (4), count (2), entries,
// 0xff. An entry is the length of the one before (1 byte, or 0xfe and 4), its
// head and its bytes.
func (d *decoder) ziplist() [][]byte {
	if d.take(10) == nil {
		return nil
	}
	var out [][]byte
	for {
		c := d.byte()
		if d.failed {
			return nil
		}
		if c == 0xff {
			return out
		}
		if c == 0xfe {
			d.take(4)
		}
		out = append(out, d.ziplistEntry())
		if d.failed {
			return nil
		}
	}
}

func (d *decoder) ziplistEntry() []byte {
	c := d.byte()
	switch {
	case c < 0x40:
		return d.take(uint64(c))
	case c < 0x80:
		return d.take(uint64(c&0x3f)<<8 | uint64(d.byte()))
	case c == 0x80:
		if p := d.take(4); p != nil {
			return d.take(uint64(binary.BigEndian.Uint32(p)))
		}
		return nil
	case c == 0xc0:
		return decimal(little(d.take(2)))
	case c == 0xd0:
		return decimal(little(d.take(4)))
	case c == 0xe0:
		return decimal(little(d.take(8)))
	case c == 0xf0:
		return decimal(little(d.take(3)))
	case c == 0xfe:
		return decimal(little(d.take(1)))
	case c > 0xf0 && c < 0xfe:
		return decimal(int64(c) - 0xf1)
	}
	d.fail()
	return nil
}

// decompress undoes LZF. A control byte below 32 is followed by one literal byte
// more than it says; any other is a copy of at least three bytes from up to 8 KiB
// before.
func decompress(in []byte, full uint64) (out []byte, ok bool) {
	// One copy of 3 bytes yields at most 264.
	if full > 100*uint64(len(in)) {
		return nil, false
	}
	out = make([]byte, 0, full)
	for i := 0; i < len(in); {
		c := int(in[i])
		i++
		if c < 32 {
			if i+c+1 > len(in) {
				return nil, false
			}
			out = append(out, in[i:i+c+1]...)
			i += c + 1
			continue
		}
		n := c >> 5
		if n == 7 {
			if i == len(in) {
				return nil, false
			}
			n += int(in[i])
			i++
		}
		if i == len(in) {
			return nil, false
		}
		from := len(out) - (c&0x1f)<<8 - int(in[i]) - 1
		i++
		if from < 0 || uint64(len(out)+n+2) > full {
			return nil, false
		}
		for j := range n + 2 { // may overlap what it writes
			out = append(out, out[from+j])
		}
	}
	return out, uint64(len(out)) == full
}
