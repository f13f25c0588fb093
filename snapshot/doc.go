// Package snapshot reads and writes images of the map: sorted, checksummed,
// block-structured files that are published atomically. The same format is what
// a hot backup streams and what a restore reads.
//
// # The file
//
//	preamble   magic, length, CRC, CBOR header: version, store, LSN, created, codec
//	blocks     of about 64 KiB: stored length, raw length, count, CRC, then a
//	           CBOR sequence of [bucket, key, value, lsn, deadline?], perhaps
//	           compressed
//	index      for every block: first bucket and key, place, lengths, count, CRC
//	footer     80 bytes: place, length and CRC of the index, entry count, digest,
//	           CRC, magic
//
// Entries ascend strictly by (bucket, key), both compared as bytes. Every byte
// of the file is covered by a checksum or must have one value, and the
// checksums form a tree: the footer's covers the preamble's and the index's, the
// index holds that of every block. A block of another snapshot at the right
// place is therefore as visible as a flipped bit.
//
// The digest is SHA-256 over the CBOR sequence of [bucket, key, value,
// deadline?]. It leaves the LSNs out: equal contents, equal digests.
//
// # Memory
//
// Writer holds one block and the index; Reader holds the index, and what is in
// flight of the blocks. An entry larger than a block gets a block of its own,
// and then the largest entry is the bound. Lengths are checked against the file
// before anything is allocated for them, and what a codec may inflate to is
// declared, checked and bounded.
//
// # Errors
//
// Damage is a *CorruptError that names file, offset and reason. A file of a
// later format is a *VersionError, one that needs a codec nobody registered an
// *UnknownCodecError: neither is damage. An error of the disk comes through as
// it is, for it says nothing about the bytes.
//
// # Caveats
//
// What was verified was what could be read back: Summary.PastCache says whether
// the platform allowed reading past the page cache. A Reader is safe for
// concurrent use, a Writer is not. Deadlines are carried, not judged: the
// package has no clock.
package snapshot
