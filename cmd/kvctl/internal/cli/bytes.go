package cli

import (
	"encoding/base64"
	"unicode/utf8"
)

// Bytes is a key or a value in JSON: a string when it is valid UTF-8, else
// {"b64": "…"} in standard base64.
type Bytes []byte

// MarshalJSON implements json.Marshaler.
func (b Bytes) MarshalJSON() ([]byte, error) {
	return AppendBytes(make([]byte, 0, len(b)+2), b), nil
}

// AppendBytes appends the JSON of b.
func AppendBytes(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return appendString(dst, b)
	}
	dst = append(dst, `{"b64":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, `"}`...)
}

// AppendString appends the JSON of a text; what is not valid UTF-8 becomes the
// replacement character.
func AppendString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return appendString(dst, []byte(s))
}

const hexDigits = "0123456789abcdef"

// appendString writes valid UTF-8 as a JSON string. Beyond what JSON asks for it
// escapes DEL and the C1 controls, which a terminal would obey.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		size := 1
		switch {
		case c == 0xc2 && s[i+1] < 0xa0: // U+0080 to U+009F
			c, size = s[i+1], 2
		case c >= ' ' && c != '"' && c != '\\' && c != 0x7f:
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
