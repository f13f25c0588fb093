// Package page makes the page that kvctl report writes and kvctl ui serves: the
// log of a store as one HTML document that needs nothing else.
//
// # Documents
//
// The page is drawn from JSON documents (document.go). The Overview covers the
// whole log, whatever its size: sums, findings in words, each segment's bytes by
// what they are, how much was written when. Detail comes in chunks: the rows of the
// log are numbered from 0 on, and each ChunkRows of them are a chunk. A row is a
// record, an empty frame, a segment's header, or bytes that are none of these. The
// bytes of a frame, with every field named, are a document of their own.
//
// A report holds the Overview and as many chunks as its limit allows, each gzipped
// and in base64 in an element of its own that the page unpacks when it is looked
// at: all of them when they fit, else those around findings, the first, the last,
// and some spread evenly over the rest. The server makes each document as it is
// asked for.
//
// # Reading
//
// Scan reads the log once, through recovery/inspect, past damage, and remembers
// where each chunk begins: some 30 bytes for each ChunkRows rows. Everything else
// goes straight to those places. No lock is taken and nothing is changed. Beside a
// writer a page shows what was there when it was scanned; what a compaction has
// removed since is an error that says so.
//
// # Safety
//
// Keys and values are anybody's bytes. They reach the page as JSON and become text
// nodes; nothing is ever parsed as HTML. The page's policy lets only its own script
// and style run, and lets a report connect to nothing at all. The server binds a
// loopback address, answers GET and HEAD of a path that begins with a random
// token, and checks the Host header against DNS rebinding.
package page
