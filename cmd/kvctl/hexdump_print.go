package main

import (
	"encoding/hex"
	"fmt"
	"iter"
	"strings"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery/inspect"
)

// wideWindow is the window from which on there is room for sixteen bytes a line.
const wideWindow = 120

// How much of a unit is shown unless --full.
const (
	shownFields = 400
	shownBytes  = 64
)

// unitJSON is a unit in JSON. Bytes that no field has are beyond what is shown.
type unitJSON struct {
	Schema  int          `json:"schema,omitempty"`
	File    string       `json:"file"`
	What    string       `json:"what"`
	Offset  int64        `json:"offset"`
	Size    int64        `json:"size"`
	State   string       `json:"state"`
	LSN     uint64       `json:"lsn,omitempty"`
	LastLSN uint64       `json:"last_lsn,omitempty"`
	Proven  *bool        `json:"proven,omitempty"`
	Verdict *verdictJSON `json:"verdict,omitempty"`
	Fields  []fieldJSON  `json:"fields"`
	// Omitted fields were left out for their number.
	Omitted int64 `json:"fields_omitted,omitempty"`
}

type fieldJSON struct {
	Name     string `json:"name"`
	Depth    int    `json:"depth"`
	Offset   int64  `json:"offset"`
	Size     int64  `json:"size"`
	Bytes    string `json:"bytes"` // hexadecimal, the first 64 unless --full
	Value    string `json:"value"`
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
	Bad      bool   `json:"bad,omitempty"`
}

func (h *hexdump) json(u *inspect.Unit) unitJSON {
	j := unitJSON{
		Schema: h.list.Schema(), File: u.File, What: u.What, Offset: u.Offset, Size: u.Size,
		State: u.Verdict.Kind.String(), Fields: []fieldJSON{},
	}
	if f := u.Frame; f != nil && f.Valid() {
		j.LSN, j.Proven = f.LSN, &f.Proven
		if f.Count() > 0 {
			j.LastLSN = f.Header.LastLSN()
		}
	}
	if u.Verdict.Kind != inspect.Valid {
		j.Verdict = spanJSON(&u.Verdict, u.Size)
	}
	for f, show := range h.fields(u) {
		if !show {
			j.Omitted++
			continue
		}
		b := h.bytes(u, &f)
		j.Fields = append(j.Fields, fieldJSON{
			Name: f.Name, Depth: f.Depth, Offset: f.Offset, Size: f.Size, Bytes: hex.EncodeToString(b), Value: f.Value,
			Expected: f.Expected, Found: f.Found, Bad: f.Bad,
		})
	}
	return j
}

// fields are a unit's, each with whether it is shown. Of a frame that was asked for
// by LSN those of other records are not, and of anything only so many, unless --full.
func (h *hexdump) fields(u *inspect.Unit) iter.Seq2[inspect.Field, bool] {
	wanted := fmt.Sprintf("record LSN %d", h.lsn)
	return func(yield func(inspect.Field, bool) bool) {
		n, other := 0, false
		for f := range u.Fields() {
			if f.Depth == 0 {
				other = h.lsn != 0 && strings.HasPrefix(f.Name, "record LSN ") && f.Name != wanted
			}
			show := h.full || !other && n < shownFields
			if show {
				n++
			}
			if !yield(f, show) {
				return
			}
		}
	}
}

// bytes are a field's, as many as are shown.
func (h *hexdump) bytes(u *inspect.Unit, f *inspect.Field) []byte {
	b := u.Bytes[f.Offset-u.Offset:][:f.Size]
	if !h.full && len(b) > shownBytes {
		b = b[:shownBytes]
	}
	return b
}

// text shows a unit for people.
func (h *hexdump) text(u *inspect.Unit) error {
	if err := h.app.Say(h.app.Style().Bold(unitTitle(u))); err != nil {
		return err
	}
	if u.Verdict.Kind != inspect.Valid && u.Verdict.Kind != inspect.Zeros {
		text := verdictText(&u.Verdict, 0)
		if u.Frame == nil { // what it costs is the log's to say
			text = u.Verdict.Kind.String() + ": " + u.Verdict.Reason
		}
		if err := h.app.Say(paintVerdict(h.app, u.Verdict.Kind, "!! "+text)); err != nil {
			return err
		}
	}
	t := h.app.NewTable("OFFSET", "BYTES", "FIELD", "VALUE")
	h.perLine = 16
	if w := h.app.Stdout.Width(); w > 0 && w < wideWindow {
		h.perLine = 8
	}
	omitted := 0
	for f, show := range h.fields(u) {
		if !show {
			omitted++
			continue
		}
		if err := h.field(t, u, &f); err != nil {
			return err
		}
	}
	if err := t.End(); err != nil {
		return err
	}
	if omitted > 0 {
		h.app.Notef("%s left out; --full shows all", cli.Plural(int64(omitted), "field", "fields"))
	}
	return nil
}

// unitTitle is one line about a unit.
func unitTitle(u *inspect.Unit) string {
	what := u.What
	if u.What == "block" {
		what = fmt.Sprintf("block %d", u.Index+1)
	}
	s := fmt.Sprintf("%s at %d (0x%x), %s: %s", u.File, u.Offset, u.Offset, cli.Plural(u.Size, "byte", "bytes"), what)
	f := u.Frame
	switch {
	case f == nil || !f.Valid():
		return s
	case f.Count() == 1:
		s += fmt.Sprintf(", LSN %d", f.LSN)
	case f.Count() > 1:
		s += fmt.Sprintf(", LSN %d to %d", f.LSN, f.Header.LastLSN())
	}
	if f.Count() > 0 && !f.Proven {
		s += ", unproven"
	}
	return s
}

// field shows one field: its bytes, some a line, and what they mean.
func (h *hexdump) field(t *cli.Table, u *inspect.Unit, f *inspect.Field) error {
	b := h.bytes(u, f)
	name := strings.Repeat("  ", f.Depth) + f.Name
	value := f.Value
	switch {
	case f.Bad:
		value = fmt.Sprintf("%s  !! expected %s", f.Found, f.Expected)
	case f.Checked && (strings.Contains(f.Name, "CRC") || strings.Contains(f.Name, "link")):
		value += " ok"
	}
	for off := 0; off == 0 || off < len(b); off += h.perLine {
		line := b[off:min(len(b), off+h.perLine)]
		cells := []string{fmt.Sprintf("%08x", f.Offset+int64(off)), spaced(line), name, cli.Line(value)}
		name, value = "", ""
		if off > 0 {
			cells[3] = ""
		}
		var err error
		if f.Bad && off == 0 && h.app.Stdout.IsTerminal() {
			err = t.BadRow(cells...)
		} else {
			err = t.Row(cells...)
		}
		if err != nil {
			return err
		}
	}
	if more := f.Size - int64(len(b)); more > 0 {
		return t.Row("", "", "", fmt.Sprintf("… %s more", cli.Plural(more, "byte", "bytes")))
	}
	return nil
}

// spaced is hexadecimal with a blank between bytes.
func spaced(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(' ')
		}
		fmt.Fprintf(&s, "%02x", c)
	}
	return s.String()
}
