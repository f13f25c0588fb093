package server

import "sync/atomic"

// stats counts what the server did since its start or CONFIG RESETSTAT.
type stats struct {
	connections  atomic.Int64 // accepted
	rejected     atomic.Int64 // over MaxClients
	denied       atomic.Int64 // by protected mode
	commands     atomic.Int64
	authFailures atomic.Int64
	outputLimit  atomic.Int64 // connections cut off because they did not read
	idle         atomic.Int64 // connections closed because they were idle
	protocol     atomic.Int64 // connections closed because of what they sent
	panics       atomic.Int64
	in, out      atomic.Int64 // bytes
	expired      atomic.Int64 // keys removed because their time was up
	hits, misses atomic.Int64 // of keys that were read
	errors       atomic.Int64 // error replies
}

// reset sets everything to zero.
func (s *stats) reset() {
	for _, n := range []*atomic.Int64{
		&s.connections, &s.rejected, &s.denied, &s.commands, &s.authFailures, &s.outputLimit, &s.idle,
		&s.protocol, &s.panics, &s.in, &s.out, &s.expired, &s.hits, &s.misses, &s.errors,
	} {
		n.Store(0)
	}
}
