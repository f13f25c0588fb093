package cli

import (
	"slices"
	"strings"
)

// Format is a way to show data.
type Format string

// The formats. Every command has the first three; those that show a value or a
// record have more.
const (
	FormatTable Format = "table"
	FormatJSON  Format = "json"
	FormatJSONL Format = "jsonl"
	FormatRaw   Format = "raw"
	FormatHex   Format = "hex"
	FormatDiag  Format = "cbor-diag"
)

// BasicFormats are those of a command that shows no value.
func BasicFormats() []Format { return []Format{FormatTable, FormatJSON, FormatJSONL} }

// JSON reports whether output is for programs.
func (f Format) JSON() bool { return f == FormatJSON || f == FormatJSONL }

// CheckFormat refuses a format that a command does not have.
func CheckFormat(f Format, have []Format) error {
	if slices.Contains(have, f) {
		return nil
	}
	names := make([]string, len(have))
	for i, h := range have {
		names[i] = string(h)
	}
	return Usagef("output format %q: this command has %s", string(f), strings.Join(names, ", "))
}
