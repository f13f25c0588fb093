package page

// Overview describes a whole log. Its size grows by a few numbers for each chunk.
// Times are Unix milliseconds.
type Overview struct {
	Schema     int    `json:"schema"`
	Mode       string `json:"mode"` // "file" or "live"
	Generation uint64 `json:"generation,omitempty"`
	Program    string `json:"program"`
	Generated  int64  `json:"generated"`
	Dir        string `json:"dir"`
	Store      string `json:"store"` // UUID
	Verdict    string `json:"verdict"`
	UICommand  string `json:"ui_command"`

	Rows      int64            `json:"rows"`
	Records   int64            `json:"records"`
	Frames    int64            `json:"frames"`
	Ops       map[string]int64 `json:"ops"`
	FirstLSN  uint64           `json:"first_lsn"`
	LastLSN   uint64           `json:"last_lsn"`
	FirstTime int64            `json:"first_time"`
	LastTime  int64            `json:"last_time"`
	Buckets   []string         `json:"buckets"` // in order; at most maxBuckets

	Findings  []Finding  `json:"findings"`
	Segments  []*Segment `json:"segments"`
	Snapshots []Snapshot `json:"snapshots"`
	ByLSN     Histogram  `json:"by_lsn"`  // over the rows' numbers; a bucket begins with its first LSN
	ByTime    Histogram  `json:"by_time"` // over time; a bucket begins with its first row's number

	// Where each chunk begins.
	ChunkRows     int64    `json:"chunk_rows"`
	ChunkLSNs     []uint64 `json:"chunk_lsns"`
	ChunkSegments []uint64 `json:"chunk_segments"`
	ChunkOffsets  []int64  `json:"chunk_offsets"`

	// What a report holds.
	Whole        bool    `json:"whole"`
	Embedded     []int64 `json:"embedded"` // chunks, ascending
	EmbeddedRows int64   `json:"embedded_rows"`
	OpsCut       bool    `json:"ops_cut,omitempty"` // long commits are shortened
	DetailLimit  int64   `json:"detail_limit"`      // bytes
	Base         *Base   `json:"base,omitempty"`
}

// Finding is something wrong, or worth knowing, in words.
type Finding struct {
	Severity string   `json:"severity"` // "damage", "newer", "torn" or "note"
	Title    string   `json:"title"`
	Short    string   `json:"short"` // a word or two, for the map
	File     string   `json:"file"`
	Segment  uint64   `json:"segment,omitempty"`
	Offset   int64    `json:"offset"` // -1: the file as a whole
	LSN      uint64   `json:"lsn,omitempty"`
	Ord      *int64   `json:"ord,omitempty"` // the row's number, where it has one
	Happened string   `json:"happened"`
	Lost     string   `json:"lost"`
	Todo     string   `json:"todo"`
	Commands []string `json:"commands"`
}

// Segment is one segment. Bins cut its file into pieces of Step bytes and count
// the bytes of each kind in each, in the order of the constants below.
type Segment struct {
	Seq      uint64    `json:"seq"`
	File     string    `json:"file"`
	Size     int64     `json:"size"`
	Missing  bool      `json:"missing,omitempty"`
	Active   bool      `json:"active,omitempty"`
	Created  int64     `json:"created,omitempty"`
	Frames   int64     `json:"frames"`
	Records  int64     `json:"records"`
	FirstLSN uint64    `json:"first_lsn"`
	LastLSN  uint64    `json:"last_lsn"`
	Step     int64     `json:"step"`
	Bins     [][]int64 `json:"bins"`
}

// The kinds of bytes, as map.js has them.
const (
	byHeader = iota
	byFrame
	bySet
	byDelete
	byDeleteRange
	byMark
	byIgnored
	byZeros
	byTorn
	byDamage
	kindsOfBytes
)

// Snapshot is one that MANIFEST lists.
type Snapshot struct {
	LSN     uint64 `json:"lsn"`
	Entries uint64 `json:"entries"`
	Bytes   int64  `json:"bytes"`
	Bad     string `json:"bad,omitempty"`
}

// Histogram counts bytes of records: set, delete, delete-range. Step is rows or
// milliseconds.
type Histogram struct {
	From    int64      `json:"from"`
	Step    int64      `json:"step"`
	Buckets [][4]int64 `json:"buckets"` // the first number says where it begins
}

// Row is one line of the record list.
type Row struct {
	Ord     int64  `json:"ord,omitempty"` // its number; left out within a chunk
	Kind    string `json:"kind"`          // "record", "header", "mark", "seal", "damage", "torn", "newer", "ignored"
	LSN     uint64 `json:"lsn"`           // of what is no record, the next one's
	Time    int64  `json:"time,omitempty"`
	Segment uint64 `json:"segment"`
	Frame   int64  `json:"frame"` // offset of the frame that holds it
	At      int64  `json:"at"`    // its own offset
	Len     int64  `json:"len"`
	Type    string `json:"type,omitempty"` // of a record, by what it is coloured
	Ops     []Op   `json:"ops,omitempty"`  // perhaps not all
	OpCount int    `json:"op_count,omitempty"`
	Why     string `json:"why,omitempty"` // what is wrong
}

// Op is one operation of a commit.
type Op struct {
	Op      string `json:"op"`
	Bucket  string `json:"bucket,omitempty"`
	Key     *Bytes `json:"key,omitempty"` // of a delete-range: from
	Value   *Bytes `json:"value,omitempty"`
	To      *Bytes `json:"to,omitempty"`
	Expires int64  `json:"expires,omitempty"`
}

// Frame is a stretch of a file with its fields.
type Frame struct {
	Segment uint64   `json:"segment"`
	File    string   `json:"file"`
	At      int64    `json:"at"`
	Len     int64    `json:"len"`
	Proven  *bool    `json:"proven,omitempty"`
	Verdict *Verdict `json:"verdict,omitempty"`
	Pieces  []Piece  `json:"pieces"`
	Fields  []Field  `json:"fields"`
}

// Piece is some of a Frame's bytes, in base64.
type Piece struct {
	At    int64  `json:"at"`
	Bytes []byte `json:"bytes"`
}

// Verdict is what was found there; nil for a frame that verifies.
type Verdict struct {
	Kind     string `json:"kind"` // "damage", "torn", "newer", "ignored", "zeros"
	Title    string `json:"title"`
	Text     string `json:"text"`
	Check    string `json:"check,omitempty"`
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
}

// Field is a run of bytes with a name. Kind chooses its colour.
type Field struct {
	At       int64   `json:"at"`
	Len      int64   `json:"len"`
	Kind     string  `json:"kind"`
	Group    string  `json:"group"`
	Name     string  `json:"name"`
	Value    string  `json:"value"`
	Record   bool    `json:"record,omitempty"` // belongs to a record
	Depth    int     `json:"depth,omitempty"`
	Expected *string `json:"expected,omitempty"`
	Found    *string `json:"found,omitempty"`
	Bad      bool    `json:"bad,omitempty"`
}

// Base is the state that a log goes on from, which a difference needs.
type Base struct {
	LSN  uint64    `json:"lsn"`
	Keys []BaseKey `json:"keys"`
}

// BaseKey is one key of a Base.
type BaseKey struct {
	Bucket  string `json:"bucket,omitempty"`
	Key     *Bytes `json:"key"`
	Value   *Bytes `json:"value"`
	LSN     uint64 `json:"lsn"`
	Expires int64  `json:"expires,omitempty"`
}
