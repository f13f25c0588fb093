package jsonl

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep a value may nest; encoding/json stops at the same depth.
const maxDepth = 10000

// scanner reads RFC 8259 JSON, strictly.
type scanner struct {
	b     []byte
	at    int
	arena []byte // decoded strings that had escapes, and decoded base64
}

func (s *scanner) fail(reason string) error { return s.failAt(s.at, reason) }

func (s *scanner) failAt(at int, reason string) error {
	return &SyntaxError{Column: at + 1, Reason: reason}
}

func (s *scanner) space() {
	for s.at < len(s.b) {
		switch s.b[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// peek is the byte at hand, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.b) {
		return s.b[s.at]
	}
	return 0
}

// expect passes over one byte.
func (s *scanner) expect(c byte, reason string) error {
	s.space()
	if s.peek() != c || s.at == len(s.b) {
		return s.unexpected(reason)
	}
	s.at++
	return nil
}

func (s *scanner) unexpected(wanted string) error {
	if s.at >= len(s.b) {
		return s.fail("the line ends early: " + wanted)
	}
	r, size := utf8.DecodeRune(s.b[s.at:])
	if r == utf8.RuneError && size == 1 {
		return s.fail("invalid UTF-8")
	}
	return s.fail(wanted + ", found " + strconv.QuoteRune(r))
}

// object reads an object; visit is called at the beginning of each member's
// value and reads it.
func (s *scanner) object(visit func(name []byte, at int) error) error {
	if err := s.expect('{', "expected an object"); err != nil {
		return err
	}
	s.space()
	if s.peek() == '}' {
		s.at++
		return nil
	}
	for {
		s.space()
		at := s.at
		if s.peek() != '"' {
			return s.unexpected("expected a member's name in quotation marks")
		}
		name, err := s.str()
		if err != nil {
			return err
		}
		if err := s.expect(':', "expected ':'"); err != nil {
			return err
		}
		s.space()
		if err := visit(name, at); err != nil {
			return err
		}
		if more, err := s.more('}'); !more {
			return err
		}
	}
}

// more passes over a comma, or over the end of an array or object.
func (s *scanner) more(end byte) (bool, error) {
	s.space()
	switch {
	case s.at < len(s.b) && s.b[s.at] == ',':
		s.at++
		return true, nil
	case s.at < len(s.b) && s.b[s.at] == end:
		s.at++
		return false, nil
	}
	return false, s.unexpected("expected ',' or '" + string(end) + "'")
}

// skip passes over one value and checks it.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return s.fail("nested too deep")
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(func([]byte, int) error { return s.skip(depth + 1) })
	case c == '[':
		return s.array(depth)
	case c == '"':
		return s.skipString()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if s.at+len(word) <= len(s.b) && string(s.b[s.at:s.at+len(word)]) == word {
			s.at += len(word)
			return nil
		}
	}
	return s.unexpected("expected a JSON value")
}

func (s *scanner) array(depth int) error {
	s.at++
	s.space()
	if s.peek() == ']' {
		s.at++
		return nil
	}
	for {
		s.space()
		if err := s.skip(depth + 1); err != nil {
			return err
		}
		if more, err := s.more(']'); !more {
			return err
		}
	}
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !s.digits() {
		return s.unexpected("expected a digit")
	}
	if s.peek() == '.' {
		s.at++
		if !s.digits() {
			return s.unexpected("expected a digit")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if !s.digits() {
			return s.unexpected("expected a digit")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	from := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > from
}

// plain passes over the part of a string that stands for itself, and stops at a
// quotation mark, a backslash, or what may not be there.
func (s *scanner) plain() {
	for s.at < len(s.b) {
		c := s.b[s.at]
		if c < ' ' || c == '"' || c == '\\' {
			return
		}
		if c < utf8.RuneSelf {
			s.at++
			continue
		}
		r, size := utf8.DecodeRune(s.b[s.at:])
		if r == utf8.RuneError && size == 1 {
			return
		}
		s.at += size
	}
}

// str reads a string. Without escapes it points into the line.
func (s *scanner) str() ([]byte, error) {
	s.at++
	from := s.at
	s.plain()
	if s.peek() == '"' {
		s.at++
		return s.b[from : s.at-1 : s.at-1], nil
	}
	start := len(s.arena)
	for {
		s.arena = append(s.arena, s.b[from:s.at]...)
		switch s.peek() {
		case '"':
			s.at++
			return s.arena[start:len(s.arena):len(s.arena)], nil
		case '\\':
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			s.arena = utf8.AppendRune(s.arena, r)
		default:
			return nil, s.badInString()
		}
		from = s.at
		s.plain()
	}
}

// skipString passes over a string whose text is kept as it is; escapes are
// checked for their form only.
func (s *scanner) skipString() error {
	s.at++
	for {
		s.plain()
		switch s.peek() {
		case '"':
			s.at++
			return nil
		case '\\':
			if _, err := s.unit(); err != nil {
				return err
			}
		default:
			return s.badInString()
		}
	}
}

func (s *scanner) badInString() error {
	switch {
	case s.at >= len(s.b):
		return s.fail("the line ends inside a string")
	case s.b[s.at] < ' ':
		return s.fail("control character " + strconv.QuoteRune(rune(s.b[s.at])) + " in a string must be escaped")
	}
	return s.fail(`invalid UTF-8: write bytes as {"b64": "…"}`)
}

// escape reads one character's escape, both halves of a surrogate pair.
func (s *scanner) escape() (rune, error) {
	at := s.at
	r, err := s.unit()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if s.peek() == '\\' && s.at+1 < len(s.b) && s.b[s.at+1] == 'u' {
		low, err := s.unit()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, s.failAt(at, "half of a surrogate pair")
}

// unit reads one escape sequence.
func (s *scanner) unit() (rune, error) {
	at := s.at
	s.at++
	c := s.peek()
	s.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		if s.at+4 <= len(s.b) {
			if n, err := strconv.ParseUint(string(s.b[s.at:s.at+4]), 16, 16); err == nil {
				s.at += 4
				return rune(n), nil
			}
		}
	}
	return 0, s.failAt(at, "invalid escape in a string")
}
