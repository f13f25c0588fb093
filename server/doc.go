// Package server speaks the protocol of Redis in front of an engine: what a
// client is told is OK is on the disk.
//
//	db, err := engine.Open("state", &engine.Options{SweepEvery: -1})
//	s, err := server.New(db, server.Options{})
//	go s.Serve(listener)
//	...
//	s.Shutdown(ctx)
//	db.Close()
//
// # How a request runs
//
//	resp.Reader -> Conn.take -> gate: may it run?  -> batch -> transaction -> replies -> output
//
// A connection's own goroutine does all of it, or, where there is one (Linux), the
// event loop for all connections with short requests: see eventLoop. Every request
// that is whole in the read buffer is taken; neighbours that work on keys (Write or
// ReadOnly in the command table) form a batch. A batch that only reads runs on a
// snapshot of what is published. Any other is one transaction of the engine, and its
// replies wait for the commit: thus a pipeline, and all connections together, share
// records and syncs. A read behind a write of its own connection is in the same transaction or
// in a later one, and sees it.
//
// Commands of one batch are still commands of their own. One that fails does not
// undo its neighbours: should the engine refuse the transaction (its size, the
// memory limit), each runs again in one of its own. A crash keeps a batch whole or
// not at all, which is more than Redis promises.
//
// Replies are sent in the order of the requests. If a commit fails after its
// commands have run, their replies become errors.
//
// # Where keys live
//
//	""              strings of database 0: the engine's default bucket
//	"redis/N"       strings of database N
//	"redis/N/meta"  a record for each hash, list, set and sorted set
//	"redis/N/data"  their elements, unless the record holds them itself
//	"redis/N/ttl"   (deadline, key) of every such record that has one
//	"redis/sys"     numbers, and the table of SWAPDB
//
// N is a physical database; SWAPDB exchanges which of them two logical ones are.
// See Space for what handlers use, and meta for the records.
//
// # Adding commands
//
// A family is a file with a function that returns its []*Command, named in
// Server.commands. A handler gets a Call: the arguments, the Writer for its one
// reply, and through Call.Space the keys. It announces what it did with
// Space.Notify; watchers, trackers and blocked clients hear of changed keys by
// themselves. A handler that blocks calls Call.Block.
//
// # Concurrency
//
// A Server's methods are safe for concurrent use. A Tx, a Space and a Call belong
// to the goroutine that runs the handler, until it returns.
package server
