package inspect

import "fmt"

// Kind is what bytes of a log were found to be.
type Kind uint8

// The kinds, from good to bad. The greater one is the worse verdict.
const (
	Valid       Kind = iota + 1 // a frame that verifies and continues the chain
	Zeros                       // nothing: filled ahead by the writer, or left behind the end
	Ignored                     // behind the end that the next segment declares; no part of the log
	Removed                     // a compaction removed the segment while we were on our way to it
	Torn                        // what a crash left, or a writer is writing; the next open cuts it off
	Damaged                     // what no crash leaves: the bytes had arrived, and are gone
	Missing                     // a segment that ought to be there
	Unsupported                 // valid, and written by a newer program
)

var kindNames = [...]string{
	Valid: "valid", Zeros: "zeros", Ignored: "ignored", Removed: "removed", Torn: "torn",
	Damaged: "damaged", Missing: "missing", Unsupported: "unsupported",
}

// String is the kind's name, as kvctl's JSON has it.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", k)
}

// Bad reports whether the kind is damage: Damaged, Missing or Unsupported.
func (k Kind) Bad() bool { return k >= Damaged }

// Verdict is what was found at a place, and what follows from it.
type Verdict struct {
	Kind   Kind
	Rule   int    // the rule that told a tear from damage (docs/format/log.md), 0 when none had to
	Reason string // in words; "" for Valid
	Proof  int64  // the offset of the evidence, where it is not the place itself; else 0

	// Check names the field that did not hold ("magic", "header CRC", "link",
	// "LSN", "length", "body CRC", "padding"), with what it should have been and
	// what was there. All are "" when no single field is to blame.
	Check, Expected, Found string

	// Lost are the LSNs that went with it.
	Lost LSNs
}

// LSNs is a run of LSNs, both ends included; empty when To < From, and when From is
// 0. Open means that nothing tells where it ends: those up to To are certain, and
// none is when To < From.
type LSNs struct {
	From, To uint64
	Open     bool
}

// Empty reports whether it holds none.
func (r LSNs) Empty() bool { return r.From == 0 || !r.Open && r.To < r.From }

// Count is the number of LSNs in it; of an open run, those that are certain.
func (r LSNs) Count() uint64 {
	if r.From == 0 || r.To < r.From {
		return 0
	}
	return r.To - r.From + 1
}

// String is "none", "LSN 7", "LSN 7 to 9", "LSN 7 to 9 at least" or "whatever was
// from LSN 7 on".
func (r LSNs) String() string {
	switch {
	case r.Empty():
		return "none"
	case r.Open && r.To < r.From:
		return fmt.Sprintf("whatever was from LSN %d on", r.From)
	case r.Open && r.From == r.To:
		return fmt.Sprintf("LSN %d at least", r.From)
	case r.Open:
		return fmt.Sprintf("LSN %d to %d at least", r.From, r.To)
	case r.From == r.To:
		return fmt.Sprintf("LSN %d", r.From)
	}
	return fmt.Sprintf("LSN %d to %d", r.From, r.To)
}
