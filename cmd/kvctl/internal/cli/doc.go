// Package cli is what kvctl's commands have in common: where the store is and
// how it is opened, how data is shown (table, JSON, JSON Lines, and a value as
// text, hexadecimal or CBOR), how errors are explained, exit codes, progress
// and signals. A command holds what it does, and none of this.
//
// # Streams
//
// Data goes to standard output, everything else (notes, progress, errors) to
// standard error. With -o json or jsonl standard error carries JSON too, one
// object a line with "note" or "error" in it. Standard output that was closed
// by its reader, as by `| head`, ends a command quietly and is no failure.
//
// # Exit codes
//
// They are a contract, as is the JSON; docs/kvctl.md states both. One function,
// Explain, turns any error of the packages below into a code, a sentence and,
// where something helps, the command to try next.
//
// # Terminals
//
// Tables are aligned and cut to the window on a terminal, and plain
// tab-separated text elsewhere. Colour and progress are for terminals alone.
// What keys and values hold reaches a terminal only with control characters
// escaped.
package cli
