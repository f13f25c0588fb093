package cli

import (
	"bytes"
	"encoding/json"
)

// Schema is the number in every JSON document. It grows when a field changes
// its meaning or goes away; new fields may appear under the same number.
const Schema = 1

// Doc begins every JSON document of kvctl: embed it first.
type Doc struct {
	Schema int `json:"schema"`
}

// NewDoc returns the beginning of a document.
func NewDoc() Doc { return Doc{Schema} }

// marshal encodes without the escapes meant for HTML. The result ends in a
// newline.
func marshal(v any, indent string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// PrintJSON writes one document: indented for json, a line for jsonl.
func (a *App) PrintJSON(v any) error {
	indent := ""
	if a.Format == FormatJSON {
		indent = "  "
	}
	b, err := marshal(v, indent)
	if err != nil {
		return err
	}
	_, err = a.Stdout.Write(b)
	return err
}

// List writes many items without holding them: for json one document with the
// items in an array, for jsonl a document for each item.
type List struct {
	a     *App
	name  string
	begun bool
	count int
}

// NewList begins a list; name is the array's key in the json form.
func (a *App) NewList(name string) *List { return &List{a: a, name: name} }

// Item writes one item. In the jsonl form it should begin with a Doc, in the
// json form it should not: WithSchema tells which.
func (l *List) Item(v any) error {
	b, err := marshal(v, "")
	if err != nil {
		return err
	}
	if l.a.Format == FormatJSON {
		if err := l.begin(); err != nil {
			return err
		}
		sep := "\n"
		if l.count > 0 {
			sep = ",\n"
		}
		if _, err := l.a.Stdout.WriteString(sep); err != nil {
			return err
		}
		b = bytes.TrimSuffix(b, []byte("\n"))
	}
	l.count++
	_, err = l.a.Stdout.Write(b)
	return err
}

// Schema is what an item's "schema" field should hold: 0, and so left out, where
// the document around the items says it.
func (l *List) Schema() int {
	if l.a.Format == FormatJSON {
		return 0
	}
	return Schema
}

func (l *List) begin() error {
	if l.begun {
		return nil
	}
	l.begun = true
	head := AppendString([]byte(`{"schema":1,`), l.name)
	_, err := l.a.Stdout.Write(append(head, ":["...))
	return err
}

// End closes the list. Nothing more is written in the jsonl form.
func (l *List) End() error {
	if l.a.Format != FormatJSON {
		return nil
	}
	if err := l.begin(); err != nil {
		return err
	}
	tail := "]}\n"
	if l.count > 0 {
		tail = "\n]}\n"
	}
	return writeAll(l.a.Stdout, tail)
}
