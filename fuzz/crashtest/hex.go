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
// differ, with a line of what they share before it.
func hexDiff(want, found []byte) template.HTML {
	var b strings.Builder
	rows := (max(len(want), len(found)) + hexRow - 1) / hexRow
	shown, skipped := 0, false
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
		shown++
		if skipped {
			b.WriteString("...\n")
			skipped = false
		}
		if string(w) == string(f) {
			fmt.Fprintf(&b, "%06x     %s\n", r*hexRow, hexLine(w, w, ""))
			continue
		}
		fmt.Fprintf(&b, "%06x was %s\n", r*hexRow, hexLine(w, f, "del"))
		fmt.Fprintf(&b, "       is  %s\n", hexLine(f, w, "ins"))
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
