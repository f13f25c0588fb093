package record

// maxDepth is how deep arrays and maps may nest in what is skipped. The schema
// needs four; a newer one will not need more than this.
const maxDepth = 16

// Next cuts the first item off a CBOR sequence, whatever it is, after checking
// that it is well-formed and nothing in it has an indefinite length. It lets an
// inspector go on past a record that it cannot decode.
func Next(b []byte) (item, rest []byte, err error) {
	end, err := skip(b)
	if err != nil {
		return nil, nil, err
	}
	return b[:end:end], b[end:], nil
}

func skip(b []byte) (end int, err error) {
	c := cursor{b: b}
	if !c.skip(0) {
		return 0, c.err
	}
	return c.off, nil
}

// skip passes over one item. It checks the shape of CBOR and the form of
// lengths; order and uniqueness of map keys it leaves to whoever knows what the
// map means.
func (c *cursor) skip(depth int) bool {
	at := c.off
	if at < len(c.b) && c.b[at]&^31 == majorOther {
		return c.skipSimple()
	}
	major, arg, ok := c.head()
	if !ok {
		return false
	}
	switch major {
	case majorUint, majorNeg:
		return true
	case majorBytes, majorText:
		_, ok = c.take(arg)
		return ok
	}
	if depth++; depth > maxDepth {
		c.fail(at, "nested too deep")
		return false
	}
	left := uint64(len(c.b) - c.off)
	switch major {
	case majorTag:
		arg = 1
	case majorMap:
		if arg > left/2 {
			c.fail(at, "map longer than what is left")
			return false
		}
		arg *= 2
	}
	if arg > left { // an item takes a byte at least
		c.fail(at, "array longer than what is left")
		return false
	}
	for range arg {
		if !c.skip(depth) {
			return false
		}
	}
	return true
}

// skipSimple passes over major type 7: simple values and floats.
func (c *cursor) skipSimple() bool {
	at := c.off
	low := c.b[at] & 31
	size := 1
	switch {
	case low < 24:
	case low <= 27:
		size += 1 << (low - 24)
	default:
		c.fail(at, "indefinite or reserved simple value")
		return false
	}
	if len(c.b)-at < size {
		c.fail(at, "ends early")
		return false
	}
	if low == 24 && c.b[at+1] < 32 {
		c.fail(at, "not the shortest form")
		return false
	}
	c.off += size
	return true
}
