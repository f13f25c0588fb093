// Package resp is the wire format of Redis: a Reader of requests and a Writer of
// replies, for RESP2 and RESP3.
//
// # Requests
//
// A request is an array of bulk strings, or an inline line. The Reader takes them
// from a connection without a copy: the arguments of all requests that are whole
// in its buffer are valid together, until the next Fill. A pipeline is thereby
// visible as such, and its commands can share a transaction and a sync.
//
// Whoever sends a request decides how long it is, so every length has a limit
// (Limits), and none costs anything before its bytes arrive: a declared bulk of
// 500 MB or an array of a million arguments reserves nothing; the buffer grows
// with what has been received, by doubling. The parser keeps its place between
// two Fills, so a request that arrives in single bytes is not read over again.
//
// Errors are *ProtocolError with the text that Redis would send before it closes
// the connection.
//
// # Replies
//
// The Writer appends to one slice. It speaks the version it was told: what RESP2
// has no type for is written as Redis writes it there (a map as a flat array, a
// double as a bulk string, null as the nil bulk).
//
// A Reader or a Writer is used by one goroutine at a time.
package resp
