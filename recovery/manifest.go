package recovery

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// MANIFEST on disk, little-endian:
//
//	 0  magic    "KVMANIFS"
//	 8  version  u32
//	12  length   u32, of the CBOR map
//	16  crc      u32, CRC32C of bytes 8..16 and of the CBOR map
//	20  CBOR map with integer keys, to the end of the file
//
// The first twenty bytes stay where they are in every version, so that a
// program can tell a newer file from a rotten one: the checksum is judged
// before the version is believed.
const (
	manifestMagic   = "KVMANIFS"
	manifestVersion = 1
	manifestHeader  = 20

	// maxManifest bounds what is read and allocated for MANIFEST. A store keeps
	// a handful of snapshots; a thousand fit.
	maxManifest      = 256 << 10
	maxSnapshotsRefs = 1024
)

// Manifest is what the store knows of its own files: the root of everything. It
// is replaced as a whole, atomically, by the ManifestFile that owns it.
type Manifest struct {
	Version    int      // format version of the file; this program writes 1
	Store      [16]byte // the store's UUID, in every segment and snapshot too
	Generation uint64   // counts the replacements

	// Snapshots are the snapshots to fall back on, oldest first. Once a snapshot
	// is listed, the log was durable up to its LSN: a log that ends before it
	// is damaged, even when the snapshot itself has rotted since.
	Snapshots []SnapshotRef

	// First and Active bound the segments that belong to the store. Every one of
	// them exists; files below First are leavings of a compaction.
	First, Active uint64

	// NextLSN is a floor: no commit gets an LSN below it any more. Recovery
	// raises it before it cuts a torn tail, so that the LSNs in the tail are
	// not given out again, whatever happens between the cut and the first
	// commit in the new segment. 0 = none.
	NextLSN uint64

	// Lazy is set while the log is open in a mode in which commits are seen
	// before they are durable. Where it is found set, that log did not end well:
	// commits may be gone of which not a byte is left to tell, so the floor
	// rises as if something had been cut.
	Lazy bool

	Created int64 // Unix milliseconds, informational
}

// SnapshotRef is one listed snapshot and what MANIFEST remembers of it, so that
// a snapshot that was replaced by another valid one is noticed.
type SnapshotRef struct {
	LSN     uint64 // it holds every commit up to and including this one
	Entries uint64
	Size    int64 // bytes of the file
	Digest  [32]byte

	// Origin is the UUID of the store that the snapshot was made in, when that is
	// not this one: a restored backup keeps its bytes. Zero = this store.
	Origin [16]byte
}

// clone is a copy that shares nothing, so that a caller's change of the list
// does not reach the owner's.
func (m *Manifest) clone() Manifest {
	c := *m
	c.Snapshots = append([]SnapshotRef(nil), m.Snapshots...)
	return c
}

// The CBOR side. Integer keys; no field is ever given another meaning; a new
// field means a new version, because a program that does not know it would drop
// it with its next replacement.
type manifestWire struct {
	Store      []byte         `cbor:"1,keyasint"`
	Generation uint64         `cbor:"2,keyasint"`
	Snapshots  []snapshotWire `cbor:"3,keyasint"`
	First      uint64         `cbor:"4,keyasint"`
	Active     uint64         `cbor:"5,keyasint"`
	NextLSN    uint64         `cbor:"6,keyasint"`
	Created    int64          `cbor:"7,keyasint"`
	Lazy       bool           `cbor:"8,keyasint,omitempty"`
}

type snapshotWire struct {
	LSN     uint64 `cbor:"1,keyasint"`
	Entries uint64 `cbor:"2,keyasint"`
	Size    int64  `cbor:"3,keyasint"`
	Digest  []byte `cbor:"4,keyasint"`
	Origin  []byte `cbor:"5,keyasint,omitempty"`
}

// Encode returns the file's bytes. It refuses a manifest that DecodeManifest
// would refuse, so that a bug never reaches the disk.
func (m *Manifest) Encode() ([]byte, error) {
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("recovery: cannot write MANIFEST version %d", m.Version)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	w := manifestWire{
		Store: m.Store[:], Generation: m.Generation, Snapshots: []snapshotWire{},
		First: m.First, Active: m.Active, NextLSN: m.NextLSN, Created: m.Created, Lazy: m.Lazy,
	}
	for i := range m.Snapshots {
		s := &m.Snapshots[i]
		sw := snapshotWire{LSN: s.LSN, Entries: s.Entries, Size: s.Size, Digest: s.Digest[:]}
		if s.Origin != [16]byte{} {
			sw.Origin = s.Origin[:]
		}
		w.Snapshots = append(w.Snapshots, sw)
	}
	enc, err := manifestEncoding()
	if err != nil {
		return nil, fmt.Errorf("recovery: MANIFEST: %w", err)
	}
	body, err := enc.Marshal(&w)
	if err != nil {
		return nil, fmt.Errorf("recovery: MANIFEST: %w", err)
	}
	b := make([]byte, manifestHeader, manifestHeader+len(body))
	copy(b, manifestMagic)
	binary.LittleEndian.PutUint32(b[8:], manifestVersion)
	binary.LittleEndian.PutUint32(b[12:], uint32(len(body)))
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b[16:], manifestCRC(b))
	return b, nil
}

// What manifests are written and read by, made once.
var (
	manifestEncoding = sync.OnceValues(cbor.CoreDetEncOptions().EncMode)
	manifestDecoding = sync.OnceValues(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   4,
		MaxArrayElements:  maxSnapshotsRefs,
		MaxMapPairs:       16,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode)
)

// manifestCRC is the checksum over the version, the length and the map.
func manifestCRC(b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(b[8:16], table), table, b[manifestHeader:])
}

// manifestReason is why bytes are not a manifest; the caller knows the file.
type manifestReason string

func (r manifestReason) Error() string { return string(r) }

// errNotManifest is given for bytes that do not even begin like a manifest:
// another program's file of the same name, or rot in the first eight bytes.
var errNotManifest = errors.New("it does not begin with " + manifestMagic)

// DecodeManifest reads the bytes of a whole MANIFEST. The error is a
// *VersionError when the bytes are sound and a newer program wrote them, and
// says what is wrong with them otherwise. What it accepts encodes to the same
// bytes again.
func DecodeManifest(b []byte) (Manifest, error) {
	var none Manifest
	if len(b) < len(manifestMagic) || string(b[:8]) != manifestMagic {
		return none, errNotManifest
	}
	if len(b) < manifestHeader {
		return none, manifestReason("cut off inside its header")
	}
	length := binary.LittleEndian.Uint32(b[12:])
	if int64(length) != int64(len(b)-manifestHeader) {
		return none, manifestReason(fmt.Sprintf("its header says %d bytes of content, the file has %d", length, len(b)-manifestHeader))
	}
	if want, got := binary.LittleEndian.Uint32(b[16:]), manifestCRC(b); want != got {
		return none, manifestReason(fmt.Sprintf("checksum %08x, expected %08x", got, want))
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != manifestVersion {
		return none, &VersionError{File: "MANIFEST", What: fmt.Sprintf("version %d", v)}
	}
	dec, err := manifestDecoding()
	if err != nil {
		return none, fmt.Errorf("recovery: MANIFEST: %w", err)
	}
	var w manifestWire
	if err := dec.Unmarshal(b[manifestHeader:], &w); err != nil {
		var unknown *cbor.UnknownFieldError
		if errors.As(err, &unknown) {
			return none, &VersionError{File: "MANIFEST", What: "a field", Err: err}
		}
		return none, manifestReason(err.Error())
	}
	m := Manifest{
		Version: manifestVersion, Generation: w.Generation,
		First: w.First, Active: w.Active, NextLSN: w.NextLSN, Created: w.Created, Lazy: w.Lazy,
	}
	if copy(m.Store[:], w.Store) != len(m.Store) || len(w.Store) != len(m.Store) {
		return none, manifestReason("its store UUID is not 16 bytes")
	}
	for _, s := range w.Snapshots {
		ref := SnapshotRef{LSN: s.LSN, Entries: s.Entries, Size: s.Size}
		if copy(ref.Digest[:], s.Digest) != len(ref.Digest) || len(s.Digest) != len(ref.Digest) {
			return none, manifestReason("a snapshot's digest is not 32 bytes")
		}
		// Short, long or all zeros: not what Encode writes, and caught below.
		copy(ref.Origin[:], s.Origin)
		m.Snapshots = append(m.Snapshots, ref)
	}
	if err := m.check(); err != nil {
		return none, err
	}
	// The library accepts some spellings that it would not write (a longer
	// length, a missing field). One content, one file: anything else was not
	// written by us.
	if again, err := m.Encode(); err != nil || !bytes.Equal(again, b) {
		return none, manifestReason("its map is not in the canonical form")
	}
	return m, nil
}

// check holds a manifest to what the rest of recovery leans on.
func (m *Manifest) check() error {
	switch {
	case m.Store == [16]byte{}:
		return manifestReason("it has no store UUID")
	case m.First == 0 || m.Active < m.First:
		return manifestReason(fmt.Sprintf("segments %d to %d make no sense", m.First, m.Active))
	case m.Active == math.MaxUint64:
		return manifestReason("its active segment leaves no number for the next")
	case len(m.Snapshots) > maxSnapshotsRefs:
		return manifestReason(fmt.Sprintf("it lists %d snapshots", len(m.Snapshots)))
	}
	for i, s := range m.Snapshots {
		if i > 0 && s.LSN <= m.Snapshots[i-1].LSN {
			return manifestReason("its snapshots are not in the order of their LSNs")
		}
		if s.Size < 0 {
			return manifestReason("a snapshot of negative size")
		}
	}
	return nil
}
