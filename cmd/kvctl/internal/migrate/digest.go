package migrate

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"strconv"
)

// Digest is a sum of SHA-256 hashes, which does not depend on their order.
type Digest [4]uint64

// String is the digest in hexadecimal.
func (d Digest) String() string {
	var b [32]byte
	for i, w := range d {
		binary.BigEndian.PutUint64(b[8*i:], w)
	}
	return hex.EncodeToString(b[:])
}

func (d *Digest) add(h [32]byte) {
	for i := range d {
		d[i] += binary.BigEndian.Uint64(h[8*i:])
	}
}

// content hashes the elements of one key.
type content struct {
	kind  string
	list  hash.Hash // for what has an order
	sum   Digest
	count int64
	seen  map[[16]byte]struct{} // not nil: an element that comes again does not count
	buf   []byte
}

func newContent(kind string) *content {
	return &content{kind: kind, list: sha256.New()}
}

func appendPart(b, part []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

// add takes elements as value.elems has them.
func (c *content) add(elems [][]byte) {
	w := width(c.kind)
	for i := 0; i+w <= len(elems); i += w {
		c.buf = appendPart(c.buf[:0], elems[i])
		switch c.kind {
		case "string", "list":
			c.list.Write(c.buf)
			c.count++
			continue
		case "hash":
			c.buf = appendPart(c.buf, elems[i+1])
		case "zset":
			c.buf = appendScore(c.buf, elems[i+1])
		}
		h := sha256.Sum256(c.buf)
		if c.seen != nil {
			short := [16]byte(h[:16])
			if _, again := c.seen[short]; again {
				continue
			}
			c.seen[short] = struct{}{}
		}
		c.sum.add(h)
		c.count++
	}
}

// appendScore appends the number, however it is written.
func appendScore(b, text []byte) []byte {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return appendPart(b, text)
	}
	if f == 0 {
		f = 0 // -0, which Redis keeps in large sorted sets and not in small ones
	}
	return binary.BigEndian.AppendUint64(b, math.Float64bits(f))
}

// of is the hash of the key with all that was added.
func (c *content) of(key []byte) (h [32]byte) {
	b := appendPart(nil, key)
	b = binary.AppendUvarint(b, uint64(c.count))
	b = c.list.Sum(b)
	for _, w := range c.sum {
		b = binary.BigEndian.AppendUint64(b, w)
	}
	return sha256.Sum256(b)
}

// hash is the hash of a small value.
func (v *value) hash() [32]byte {
	c := newContent(v.kind)
	c.add(v.elems)
	return c.of(v.key)
}

// hashLarge reads a large collection for its hash.
func (c *Client) hashLarge(h head) ([32]byte, error) {
	sum := newContent(h.kind)
	read := func() error {
		return c.chunks(h, func(elems [][]byte) error { sum.add(elems); return nil })
	}
	if err := read(); err != nil {
		return [32]byte{}, err
	}
	if sum.count > h.size && h.kind != "list" {
		// Some came twice, which SCAN may do. Only then is it worth remembering
		// them all.
		sum = newContent(h.kind)
		sum.seen = make(map[[16]byte]struct{}, h.size)
		if err := read(); err != nil {
			return [32]byte{}, err
		}
	}
	return sum.of(h.key), nil
}
