package page

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"unicode/utf8"
)

// Bytes is a key or a value as the page shows it: a string when it is UTF-8 and
// not long, else {"s", "n", "c"}, the beginning of a text of n bytes, or
// {"x", "n", "c"}, the beginning of other bytes in hexadecimal. c is a checksum of
// all of it, so that two long values are not taken for equal.
type Bytes struct {
	b     []byte
	limit int
}

// How much of a key or a value is in a document.
const (
	keyShown   = 256
	valueShown = 96
)

// keyBytes copies nothing: b must live until the document is encoded.
func keyBytes(b []byte) *Bytes   { return &Bytes{b, keyShown} }
func valueBytes(b []byte) *Bytes { return &Bytes{b, valueShown} }

// keep makes b outlive what it was made of.
func (b *Bytes) keep() {
	if b != nil {
		b.b = bytes.Clone(b.b)
	}
}

// MarshalJSON implements json.Marshaler.
func (b *Bytes) MarshalJSON() ([]byte, error) {
	if utf8.Valid(b.b) {
		if len(b.b) <= b.limit {
			return json.Marshal(string(b.b))
		}
		cut := b.b[:b.limit]
		for !utf8.Valid(cut) {
			cut = cut[:len(cut)-1] // not in the middle of a rune
		}
		return json.Marshal(struct {
			S string `json:"s"`
			N int    `json:"n"`
			C uint32 `json:"c"`
		}{string(cut), len(b.b), b.sum()})
	}
	return json.Marshal(struct {
		X string `json:"x"`
		N int    `json:"n"`
		C uint32 `json:"c,omitempty"`
	}{hex.EncodeToString(b.b[:min(len(b.b), b.limit/2)]), len(b.b), b.sum()})
}

func (b *Bytes) sum() uint32 {
	if len(b.b) <= b.limit/2 {
		return 0
	}
	return crc32.ChecksumIEEE(b.b)
}
