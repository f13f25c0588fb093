// Package record is the CBOR schema of what the log and the snapshots hold, and
// its hand-written codec.
//
// The log holds commits, each an array that starts with its kind:
//
//	[1, [mutation, ...], meta?]                   meta: {1: time}
//	mutation: [1, bucket, key, value, deadline?]   set
//	          [2, bucket, key]                     delete
//	          [3, bucket, from, to / null]         delete the keys in [from, to)
//
// A snapshot holds entries, and its digest is taken over entries without LSN,
// so that equal contents have equal digests whatever their history:
//
//	[bucket, key, value, lsn, deadline?]
//	[bucket, key, value, deadline?]
//
// Buckets are text strings, keys and values byte strings, deadlines Unix
// milliseconds (absent when there is none; never 0). Kinds and ops are
// registered in one table (table.go), which also says what is kept free.
//
// # Encoding
//
// Everything is RFC 8949 core deterministic encoding: shortest lengths, nothing
// indefinite. One content has one encoding, and the decoder takes no other:
// what it accepts encodes to the same bytes again. The codec is written by hand
// because it sits on the path of every commit and of every replayed record,
// where the library costs ten times as much; property tests hold both directions
// to github.com/fxamacker/cbor, byte for byte.
//
// # Decoding
//
// Decoders alias their input and copy nothing but bucket names, and those only
// when they differ from the one that the target, or the mutation before, already
// holds: decoding into a reused target does not allocate. No length is believed
// that the bytes present do not back.
//
// Errors are of two kinds, and callers must keep them apart: *MalformedError is
// damage (or a bug), *UnknownError is a newer program's data in good order, which
// is refused and never cut away.
//
// All functions are safe for concurrent use on distinct targets.
package record
