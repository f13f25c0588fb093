package record

// Mutation is one change within a commit.
type Mutation struct {
	Op     Op
	Bucket string // valid UTF-8, at most MaxBucket bytes; "" is the default bucket
	Key    []byte // OpDeleteRange: the first key that goes; empty = from the first there is
	Value  []byte // OpSet
	To     []byte // OpDeleteRange: the first key that stays; nil = to the last there is

	// Deadline is the moment (Unix milliseconds) from which the key counts as
	// gone; 0 = never. OpSet only.
	Deadline int64
}

// Commit is one transaction: all of its mutations, in order, or none.
type Commit struct {
	Mutations []Mutation

	// Time is when the transaction began, Unix milliseconds by the writer's
	// clock; 0 = not recorded. It is for people who look at a log: order comes
	// from LSNs alone.
	Time int64
}

// Entry is one key of a snapshot.
type Entry struct {
	Bucket   string
	Key      []byte
	Value    []byte
	LSN      uint64 // of the commit that wrote it
	Deadline int64  // Unix milliseconds; 0 = none
}

// MaxBucket is the longest name of a bucket, in bytes.
const MaxBucket = 255
