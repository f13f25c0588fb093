package wal

import "encoding/binary"

// NextRecord splits the first record off a frame's body, which is a CBOR
// sequence. It looks at the shape only: any well-formed item of definite length
// passes. ok is false when b does not start with one. Both results alias b.
func NextRecord(b []byte) (record, rest []byte, ok bool) {
	n := itemLen(b)
	if n <= 0 {
		return nil, b, false
	}
	return b[:n:n], b[n:], true
}

// itemLen returns the length of the CBOR item at the start of b, or 0. It keeps
// a count of the items still to come instead of recursing, so that nesting
// costs nothing and cannot exhaust a stack.
func itemLen(b []byte) int {
	at := 0
	for open := uint64(1); open > 0; open-- {
		if at >= len(b) {
			return 0
		}
		major, info := b[at]>>5, b[at]&31
		at++
		arg := uint64(info)
		if info >= 24 {
			width := 1 << (info - 24)
			if info > 27 || len(b)-at < width {
				return 0 // indefinite lengths and reserved values are not ours
			}
			switch width {
			case 1:
				arg = uint64(b[at])
			case 2:
				arg = uint64(binary.BigEndian.Uint16(b[at:]))
			case 4:
				arg = uint64(binary.BigEndian.Uint32(b[at:]))
			default:
				arg = binary.BigEndian.Uint64(b[at:])
			}
			at += width
		}
		left := uint64(len(b) - at)
		switch major {
		case 2, 3: // strings: arg bytes follow
			if arg > left {
				return 0
			}
			at += int(arg)
		case 4: // arrays: every element takes a byte at least
			if arg > left {
				return 0
			}
			open += arg
		case 5: // maps
			if arg > left/2 {
				return 0
			}
			open += 2 * arg
		case 6: // tags: one item follows
			open++
		}
	}
	return at
}
