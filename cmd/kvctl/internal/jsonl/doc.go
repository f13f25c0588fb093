// Package jsonl is how whole stores travel as text: JSON Lines, one key a line.
//
//	{"key":"greeting","value":"hello"}
//	{"key":"session/1","value":{"b64":"AAEC/w=="},"expires_at":"2030-01-31T12:00:00.000Z"}
//	{"bucket":"users","key":"ann","value":"{\"age\":7}"}
//
// A key and a value are strings when they are valid UTF-8, else objects with the
// one member b64. On the way in a value may be any other JSON as well, and is
// stored as that JSON's text, byte for byte. expires_at is RFC 3339, or a number
// of Unix milliseconds; bucket is left out for the bucket at hand.
//
// Reading is strict, because what is guessed here is lost for ever: duplicate or
// unknown members, lone surrogates and invalid UTF-8, which encoding/json would
// pass over or replace, are errors with the line and the column. What Append
// writes, Parse reads back to the same bytes.
package jsonl
