package crashtest

import (
	"fmt"
	"html/template"
	"strings"
)

// hexRow is how many bytes a line shows, maxRows how many lines that differ.
const (
	hexRow  = 16
	maxRows = 48
)

// hexDiff shows two byte strings one above the other, line by line where they
// differ, with a line of what they share before it. Where one of them has ended
// the other stands alone. Lines like the one before are a star, as in hexdump.
func hexDiff(want, found []byte) template.HTML {
	var b strings.Builder
	rows := (max(len(want), len(found)) + hexRow - 1) / hexRow
	shown, skipped, starred := 0, false, false
	for r := range rows {
		w, f := row(want, r), row(found, r)
		if string(w) == string(f) && !(r+1 < rows && string(row(want, r+1)) != string(row(found, r+1))) {
			skipped = true
			continue
		}
		if shown == maxRows {
			fmt.Fprintf(&b, "... %d bytes expected, %d found\n", len(want), len(found))
			break
		}
		if r > 0 && r+1 < rows && !skipped && string(w) == string(row(want, r-1)) && string(f) == string(row(found, r-1)) {
			if !starred {
				b.WriteString("*\n")
			}
			starred = true
			continue
		}
		starred = false
		shown++
		if skipped {
			b.WriteString("...\n")
			skipped = false
		}
		switch {
		case string(w) == string(f):
			fmt.Fprintf(&b, "%06x     %s\n", r*hexRow, hexLine(w, w, ""))
		case len(f) == 0:
			fmt.Fprintf(&b, "%06x was %s\n", r*hexRow, hexLine(w, f, "del"))
		case len(w) == 0:
			fmt.Fprintf(&b, "%06x is  %s\n", r*hexRow, hexLine(f, w, "ins"))
		default:
			fmt.Fprintf(&b, "%06x was %s\n", r*hexRow, hexLine(w, f, "del"))
			fmt.Fprintf(&b, "       is  %s\n", hexLine(f, w, "ins"))
		}
	}
	return template.HTML(b.String()) // every byte above was formatted or escaped here
}

func row(b []byte, r int) []byte {
	if r*hexRow >= len(b) {
		return nil
	}
	return b[r*hexRow : min(len(b), (r+1)*hexRow)]
}

// hexLine is one line, with what differs from other in the tag.
func hexLine(b, other []byte, tag string) string {
	var hex, text strings.Builder
	for i := range hexRow {
		if i >= len(b) {
			hex.WriteString("   ")
			continue
		}
		c := "."
		if b[i] >= ' ' && b[i] <= '~' {
			c = template.HTMLEscapeString(string(rune(b[i])))
		}
		h := fmt.Sprintf("%02x", b[i])
		if tag != "" && (i >= len(other) || other[i] != b[i]) {
			h = "<" + tag + ">" + h + "</" + tag + ">"
			c = "<" + tag + ">" + c + "</" + tag + ">"
		}
		hex.WriteString(h + " ")
		text.WriteString(c)
	}
	return hex.String() + " " + text.String()
}
