package cli

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cell shows bytes in a table or a sentence so that nothing is lost and nothing
// reaches the terminal's ear: printable text as it is, all else as a Go string
// literal. A cell that begins with a quotation mark is always a literal.
func Cell(b []byte) string {
	s := string(b)
	if s == "" || s[0] == '"' || s[0] == ' ' || s[len(s)-1] == ' ' || !printable(s) {
		return strconv.Quote(s)
	}
	return s
}

// Quoted is Cell for sentences, where a literal is wanted always.
func Quoted(b []byte) string { return strconv.Quote(string(b)) }

// Line makes one cell of a text that kvctl itself has written and that may hold
// line breaks or tabs.
func Line(s string) string {
	if printable(s) {
		return s
	}
	return strconv.Quote(s)
}

func printable(s string) bool {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// Shorten cuts a text to at most n columns and marks the cut. It counts a rune
// as a column.
func Shorten(s string, n int) string {
	if n < 1 || utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n--; n == 0 {
			return s[:i] + "…"
		}
	}
	return s
}

// ShellQuote makes one word of s for a POSIX shell, so that a command in a hint
// works when it is pasted.
func ShellQuote(s string) string {
	plain := s != ""
	for _, r := range s {
		if !strings.ContainsRune("%+,-./:=@_", r) && !(r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))) {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
