package record

// AppendEntry appends the encoding of a snapshot's entry.
func AppendEntry(dst []byte, e *Entry) []byte {
	n := byte(4)
	if e.Deadline != 0 {
		n++
	}
	dst = append(dst, majorArray|n)
	dst = appendText(dst, e.Bucket)
	dst = appendBytes(dst, e.Key)
	dst = appendBytes(dst, e.Value)
	dst = appendHead(dst, majorUint, e.LSN)
	if e.Deadline != 0 {
		dst = appendInt(dst, e.Deadline)
	}
	return dst
}

// EntrySize is the length of what AppendEntry appends.
func EntrySize(e *Entry) int {
	n := 1 + stringSize(len(e.Bucket)) + stringSize(len(e.Key)) + stringSize(len(e.Value)) + headSize(e.LSN)
	if e.Deadline != 0 {
		n += intSize(e.Deadline)
	}
	return n
}

// AppendDigestEntry appends the form over which digests are taken: the entry
// without its LSN, so that the same contents have the same digest however they
// came about.
func AppendDigestEntry(dst []byte, e *Entry) []byte {
	n := byte(3)
	if e.Deadline != 0 {
		n++
	}
	dst = append(dst, majorArray|n)
	dst = appendText(dst, e.Bucket)
	dst = appendBytes(dst, e.Key)
	dst = appendBytes(dst, e.Value)
	if e.Deadline != 0 {
		dst = appendInt(dst, e.Deadline)
	}
	return dst
}

// DecodeEntry decodes the first entry of b into e and returns what follows it.
// Key and value alias b; a bucket name equal to the one that e holds is kept
// instead of allocated. After an error e is undefined and rest nil.
func DecodeEntry(e *Entry, b []byte) (rest []byte, err error) {
	c := cursor{b: b}
	if !c.entry(e) {
		return nil, c.err
	}
	return b[c.off:], nil
}

func (c *cursor) entry(e *Entry) (ok bool) {
	at := c.off
	n, ok := c.array()
	if !ok {
		return false
	}
	if n != 4 && n != 5 {
		c.fail(at, "wrong number of elements for an entry")
		return false
	}
	if e.Bucket, ok = c.bucket(e.Bucket, ""); !ok {
		return false
	}
	if e.Key, ok = c.bytes(); !ok {
		return false
	}
	if e.Value, ok = c.bytes(); !ok {
		return false
	}
	if e.LSN, ok = c.uint(); !ok {
		return false
	}
	e.Deadline = 0
	if n == 5 {
		e.Deadline, ok = c.moment()
	}
	return ok
}
