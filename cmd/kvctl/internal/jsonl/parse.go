package jsonl

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// SyntaxError says what is wrong with a line, and where in it.
type SyntaxError struct {
	Column int // 1 for the first byte
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Reason) }

// Parse reads one line, without its newline. What it decodes is appended to
// arena, which is returned; Key and Value point into it or into b.
func Parse(l *Line, b, arena []byte) ([]byte, error) {
	*l = Line{}
	s := scanner{b: b, arena: arena}
	if err := s.line(l); err != nil {
		return s.arena, err
	}
	return s.arena, nil
}

// member is a bit for each member of a line, to find the second of its kind.
type member uint8

const (
	memberKey member = 1 << iota
	memberValue
	memberExpires
	memberBucket
)

func (s *scanner) line(l *Line) error {
	var seen member
	err := s.object(func(name []byte, at int) error {
		var m member
		switch string(name) {
		case "key":
			m = memberKey
		case "value":
			m = memberValue
		case "expires_at":
			m = memberExpires
		case "bucket":
			m = memberBucket
		default:
			return s.failAt(at, "unknown member "+strconv.Quote(string(name))+"; a line has key, value, expires_at and bucket")
		}
		if seen&m != 0 {
			return s.failAt(at, "second "+strconv.Quote(string(name)))
		}
		seen |= m
		return s.member(l, m)
	})
	if err != nil {
		return err
	}
	s.space()
	switch {
	case s.at < len(s.b):
		return s.fail("something behind the object: one line holds one key")
	case seen&memberKey == 0:
		return s.fail(`no "key"`)
	case seen&memberValue == 0:
		return s.fail(`no "value"`)
	}
	return nil
}

func (s *scanner) member(l *Line, m member) (err error) {
	at := s.at
	switch m {
	case memberKey:
		l.Key, err = s.bytes(false)
		if err == nil && len(l.Key) == 0 {
			return s.failAt(at, "the key is empty")
		}
	case memberValue:
		l.Value, err = s.bytes(true)
	case memberBucket:
		var name []byte
		if s.peek() != '"' {
			return s.fail("bucket must be a string")
		}
		name, err = s.str()
		l.Bucket, l.HasBucket = string(name), true
	case memberExpires:
		l.Deadline, err = s.deadline()
	}
	return err
}

// bytes reads a string or {"b64": …}; where any is set, anything else is taken as
// its own text.
func (s *scanner) bytes(any bool) ([]byte, error) {
	at := s.at
	switch c := s.peek(); {
	case c == '"':
		return s.str()
	case c == '{':
		v, ok, err := s.base64()
		if ok || err != nil {
			return v, err
		}
		s.at = at
	}
	if !any {
		return nil, s.fail(`key must be a string or {"b64": "…"}`)
	}
	if err := s.skip(0); err != nil {
		return nil, err
	}
	// At top level a value is followed by space that is not part of it, and
	// skip stops before that.
	return s.b[at:s.at], nil
}

// base64 reads an object whose only member is b64; ok is false for any other.
func (s *scanner) base64() (v []byte, ok bool, err error) {
	members := 0
	only := false
	err = s.object(func(name []byte, _ int) error {
		members++
		if string(name) != "b64" || members > 1 {
			only = false
			return s.skip(1)
		}
		only = true
		at := s.at
		if s.peek() != '"' {
			return s.fail("b64 must be a string of base64")
		}
		text, err := s.str()
		if err != nil {
			return err
		}
		start := len(s.arena)
		s.arena, err = base64.StdEncoding.Strict().AppendDecode(s.arena, text)
		// The decoder passes over line breaks; nothing here writes any.
		if err != nil || bytes.ContainsAny(text, "\r\n") {
			return s.failAt(at, "invalid base64")
		}
		v = s.arena[start:len(s.arena):len(s.arena)]
		return nil
	})
	return v, only, err
}

// deadline reads expires_at; null is none.
func (s *scanner) deadline() (int64, error) {
	at := s.at
	bad := func() (int64, error) {
		return 0, s.failAt(at, `expires_at must be RFC 3339 ("2030-01-31T12:00:00Z") or Unix milliseconds above 0`)
	}
	switch s.peek() {
	case '"':
		text, err := s.str()
		if err != nil {
			return 0, err
		}
		t, err := time.Parse(time.RFC3339Nano, string(text))
		if err != nil || t.UnixMilli() <= 0 {
			return bad()
		}
		return t.UnixMilli(), nil
	case 'n':
		return 0, s.skip(0)
	}
	if err := s.skip(0); err != nil {
		return 0, err
	}
	ms, err := strconv.ParseInt(string(s.b[at:s.at]), 10, 64)
	if err != nil || ms <= 0 {
		return bad()
	}
	return ms, nil
}
