package record

import "strconv"

// Kind says what a record of the log is. It is the first element of its array.
type Kind uint8

// Kinds. The numbers are part of the format for ever. Kept free: 2 for an entry
// of a replicated log (a term and the record within), 3 for the statement that
// the log from an LSN on is void.
const (
	KindCommit Kind = 1
)

// Op says what a mutation does. It is the first element of its array.
type Op uint8

// Ops. The numbers are part of the format for ever.
const (
	OpSet         Op = 1
	OpDelete      Op = 2
	OpDeleteRange Op = 3
)

// metaTime is the key of a commit's time in meta, the commit's optional third
// element, a map with unsigned keys. Kept free: 2 for a request ID. Meta may change what a commit means (a request ID must survive
// compaction), so a key that is not known is refused and not skipped.
const metaTime = 1

// arity is how many elements an array may have, its leading number included.
type arity struct {
	name     string
	min, max int
}

// kinds and ops are the table: what is not in it is unknown.
var (
	kinds = [...]arity{
		KindCommit: {"commit", 2, 3},
	}
	ops = [...]arity{
		OpSet:         {"set", 4, 5},
		OpDelete:      {"delete", 3, 3},
		OpDeleteRange: {"delete-range", 4, 4},
	}
)

// lookup finds a registered number. Gaps in a table have no name.
func lookup(table []arity, n uint64) (arity, bool) {
	if n >= uint64(len(table)) || table[n].name == "" {
		return arity{}, false
	}
	return table[n], true
}

// String is the name of the kind, or its number.
func (k Kind) String() string { return name(kinds[:], "kind", uint64(k)) }

// String is the name of the op, or its number.
func (o Op) String() string { return name(ops[:], "op", uint64(o)) }

func name(table []arity, what string, n uint64) string {
	if a, ok := lookup(table, n); ok {
		return a.name
	}
	return what + "(" + strconv.FormatUint(n, 10) + ")"
}
