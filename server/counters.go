package server

import "time"

// Counters is a picture of what a server did since its start, and of now.
type Counters struct {
	Uptime time.Duration

	Clients, Blocked, Subscribers int64 // now
	ClientBytes                   int64 // of all connections' buffers

	Commands, Errors    int64 // commands run; error replies
	Connections         int64 // accepted
	Rejected, Denied    int64 // over MaxClients; by protected mode
	AuthFailures        int64
	IdleClosed          int64 // connections closed because they were idle
	OutputClosed        int64 // because they did not read
	ProtocolErrors      int64 // because of what they sent
	Panics              int64
	BytesIn, BytesOut   int64
	ExpiredKeys         int64
	SlowLogEntries      int64
	Channels, Patterns  int64 // that somebody listens to
	DatabaseKeys        []int64
	CommandCalls        map[string]int64         // by name ("config|set"), those that were called
	CommandTime         map[string]time.Duration // spent in them, waits not counted
	CommandErrors       map[string]int64
	LastSnapshotByAsked time.Time // SAVE or BGSAVE, else the start
}

// Counters returns the counters. It is cheap enough to be asked every second.
func (s *Server) Counters() Counters {
	c := Counters{
		Uptime: s.opts.Clock().Sub(s.started), Blocked: s.blocked.n.Load(), ClientBytes: s.clientBytes(),
		Commands: s.stats.commands.Load(), Errors: s.stats.errors.Load(), Connections: s.stats.connections.Load(),
		Rejected: s.stats.rejected.Load(), Denied: s.stats.denied.Load(), AuthFailures: s.stats.authFailures.Load(),
		IdleClosed: s.stats.idle.Load(), OutputClosed: s.stats.outputLimit.Load(), ProtocolErrors: s.stats.protocol.Load(),
		Panics: s.stats.panics.Load(), BytesIn: s.stats.in.Load(), BytesOut: s.stats.out.Load(), ExpiredKeys: s.stats.expired.Load(),
		Channels: int64(len(s.hub.names(toChannel, nil))), Patterns: s.hub.patterns(),
		CommandCalls: make(map[string]int64), CommandTime: make(map[string]time.Duration), CommandErrors: make(map[string]int64),
		LastSnapshotByAsked: time.Unix(s.saved.Load(), 0),
	}
	for _, x := range s.connections() {
		c.Clients++
		if x.subscribed() {
			c.Subscribers++
		}
	}
	s.slow.mu.Lock()
	c.SlowLogEntries = int64(len(s.slow.entries))
	s.slow.mu.Unlock()
	for _, n := range s.countKeys(0) {
		c.DatabaseKeys = append(c.DatabaseKeys, int64(n.keys))
	}
	s.table.each(func(cmd *Command) {
		if n := cmd.took.calls(); n > 0 {
			name := cmd.FullName()
			c.CommandCalls[name], c.CommandTime[name] = n, time.Duration(cmd.micros.Load())*time.Microsecond
			c.CommandErrors[name] = cmd.failed.Load()
		}
	})
	return c
}
