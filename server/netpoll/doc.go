// Package netpoll waits for many connections at once, with one goroutine and none
// for each of them.
//
// The Go runtime has a poller of its own, made for a goroutine per connection: each
// request then costs a goroutine's wake-up, and a read that finds nothing before it
// sleeps again. A server of short requests spends more on these than on the
// requests. A Poller says which of its connections have something to read; whoever
// calls Wait reads it without waiting (Conn.TryRead), and may answer the same way.
//
// A Conn is a net.Conn besides: its Read and Write wait, honour deadlines, and end
// with Close, as those of the net package do. So a connection may be served in both
// ways, at different times.
//
// Readiness is edge-triggered: Wait tells of a connection once when something has
// come, and again when more has. Whoever was told reads until TryRead returns
// fewer bytes than it had room for, or ErrWait; after a Hangup only ErrWait or an
// end will do, because nothing else will come.
//
// Pollers exist on Linux (epoll). Elsewhere New returns errors.ErrUnsupported.
package netpoll

import "errors"

// ErrWait is what TryRead and TryWrite return when they would have to wait.
var ErrWait = errors.New("netpoll: nothing to be had without waiting")

// Event is a connection that has something to read.
type Event struct {
	Conn  *Conn
	Owner any // what Add was called with
	// Hangup: the other side has closed its half, or the connection has failed.
	// Reading comes to the end.
	Hangup bool
}
