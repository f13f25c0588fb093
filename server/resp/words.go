package resp

// splitWords splits an inline line as Redis does: words between white space,
// "double quotes" with \n \r \t \b \a \xHH and \" inside, 'single quotes' with
// \' inside; a closing quote must be followed by white space or the end. What the
// quotes and escapes leave is written back over line, and the places of the words
// are appended to out, moved by base.
func splitWords(line []byte, base int, out []place) (_ []place, ok bool) {
	i := 0
	for {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return out, true
		}
		start := i // words begin where they stood; w never passes i
		w := i
		for i < len(line) && !isSpace(line[i]) {
			switch line[i] {
			case '"':
				if w, i, ok = doubleQuoted(line, w, i+1); !ok {
					return out, false
				}
			case '\'':
				if w, i, ok = singleQuoted(line, w, i+1); !ok {
					return out, false
				}
			default:
				line[w] = line[i]
				w++
				i++
			}
		}
		out = append(out, place{base + start, base + w})
	}
}

func doubleQuoted(line []byte, w, i int) (int, int, bool) {
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+3 < len(line) && line[i+1] == 'x' && isHex(line[i+2]) && isHex(line[i+3]):
			c = unhex(line[i+2])<<4 | unhex(line[i+3])
			i += 3
		case c == '\\' && i+1 < len(line):
			i++
			c = unescape(line[i])
		case c == '"':
			return w, i + 1, i+1 == len(line) || isSpace(line[i+1])
		}
		line[w] = c
		w++
	}
	return w, i, false
}

func singleQuoted(line []byte, w, i int) (int, int, bool) {
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && line[i+1] == '\'':
			i++
			c = '\''
		case c == '\'':
			return w, i + 1, i+1 == len(line) || isSpace(line[i+1])
		}
		line[w] = c
		w++
	}
	return w, i, false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
