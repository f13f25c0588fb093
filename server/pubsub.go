package server

import (
	"github.com/redis-lite/redis-lite/server/resp"
)

// pubsubCommands are the publish/subscribe family.
func pubsubCommands() []*Command {
	const flags = PubSub | NoScript | Loading | Stale
	sub := func(name string, kind subject, since string) *Command {
		return &Command{Name: name, Arity: -2, Flags: flags, Group: GroupPubSub, Since: since,
			Complexity: "O(N) where N is the number of names to subscribe to.",
			Summary:    "Listens for messages published to channels.", Run: runSubscribe(name, kind)}
	}
	unsub := func(name string, kind subject, since string) *Command {
		return &Command{Name: name, Arity: -1, Flags: flags, Group: GroupPubSub, Since: since,
			Complexity: "O(N) where N is the number of names to unsubscribe from.",
			Summary:    "Stops listening to messages posted to channels.", Run: runUnsubscribe(name, kind)}
	}
	return []*Command{
		sub("subscribe", toChannel, "2.0.0"), unsub("unsubscribe", toChannel, "2.0.0"),
		sub("psubscribe", toPattern, "2.0.0"), unsub("punsubscribe", toPattern, "2.0.0"),
		sharded(sub("ssubscribe", toShard, "7.0.0")), sharded(unsub("sunsubscribe", toShard, "7.0.0")),
		{Name: "publish", Arity: 3, Flags: PubSub | Loading | Stale | Fast | MayReplicate, Group: GroupPubSub, Since: "2.0.0",
			Complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
			Summary:    "Posts a message to a channel.", Run: func(c *Call) { runPublish(c, false) }},
		{Name: "spublish", Arity: 3, Flags: PubSub | Loading | Stale | Fast | MayReplicate, First: 1, Last: 1, Step: 1, Group: GroupPubSub, Since: "7.0.0",
			Complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
			Summary:    "Post a message to a shard channel", Run: func(c *Call) { runPublish(c, true) }},
		container("pubsub", GroupPubSub, "2.8.0", "A container for Pub/Sub commands.",
			&Command{Name: "channels", Arity: -2, Flags: PubSub | Loading | Stale, Since: "2.8.0", Complexity: "O(N) where N is the number of active channels.",
				Summary: "Returns the active channels.", Run: func(c *Call) { runChannels(c, toChannel) }},
			&Command{Name: "numpat", Arity: 2, Flags: PubSub | Loading | Stale, Since: "2.8.0", Complexity: "O(1)",
				Summary: "Returns a count of unique pattern subscriptions.", Run: func(c *Call) { c.Int(c.Server.hub.patterns()) }},
			&Command{Name: "numsub", Arity: -2, Flags: PubSub | Loading | Stale, Since: "2.8.0", Complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
				Summary: "Returns a count of subscribers to channels.", Run: func(c *Call) { runNumSub(c, toChannel) }},
			&Command{Name: "shardchannels", Arity: -2, Flags: PubSub | Loading | Stale, Since: "7.0.0", Complexity: "O(N) where N is the number of active shard channels.",
				Summary: "Returns the active shard channels.", Run: func(c *Call) { runChannels(c, toShard) }},
			&Command{Name: "shardnumsub", Arity: -2, Flags: PubSub | Loading | Stale, Since: "7.0.0", Complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
				Summary: "Returns the count of subscribers of shard channels.", Run: func(c *Call) { runNumSub(c, toShard) }},
		),
	}
}

// sharded notes that a command's channels count as keys for a cluster's clients.
func sharded(c *Command) *Command {
	c.First, c.Last, c.Step = 1, -1, 1
	return c
}

// confirm sends what a subscription's change is answered with. Unlike a reply it
// is a message of its own: it stands between the messages of before the change
// and those of after it.
func (c *Call) confirm(w *resp.Writer) {
	if c.Multi {
		c.Raw(w.Bytes())
		return
	}
	c.Conn.out.force(w.Take())
}

// beforeMessages sends the replies that come before a confirmation.
func (c *Call) beforeMessages() {
	if !c.Multi {
		c.Conn.flush(true)
	}
}

func runSubscribe(word string, kind subject) func(*Call) {
	return func(c *Call) {
		conn := c.Conn
		for _, name := range c.Args[1:] {
			var w resp.Writer
			w.SetProto(c.Proto())
			n := conn.subs.count(kind)
			if _, have := conn.subs[kind][string(name)]; !have {
				n++
			}
			w.Push(3)
			w.BulkString(word)
			w.Bulk(name)
			w.Int(n)
			c.beforeMessages()
			c.Server.hub.add(conn, kind, string(name), func() { c.confirm(&w) })
		}
	}
}

func runUnsubscribe(word string, kind subject) func(*Call) {
	return func(c *Call) {
		conn := c.Conn
		answer := func(name []byte) {
			var w resp.Writer
			w.SetProto(c.Proto())
			w.Push(3)
			w.BulkString(word)
			if name == nil {
				w.Null()
			} else {
				w.Bulk(name)
			}
			w.Int(conn.subs.count(kind))
			c.beforeMessages()
			c.confirm(&w)
		}
		names := c.Args[1:]
		if len(names) == 0 {
			for name := range conn.subs[kind] {
				names = append(names, []byte(name))
			}
			if len(names) == 0 {
				answer(nil)
				return
			}
		}
		for _, name := range names {
			c.Server.hub.remove(conn, kind, string(name))
			answer(name)
		}
	}
}

// runPublish sends a message. It comes behind what its connection has written: who
// hears of it finds that written and durable. Inside EXEC it is sent when the
// transaction is durable, in its place among the transaction's events.
func runPublish(c *Call, sharded bool) {
	hub := &c.Server.hub
	if c.Tx != nil && c.Tx.Writable() {
		c.Int(hub.receivers(c.Args[1], sharded))
		c.Tx.publish(c.Args[1], c.Args[2], sharded)
		return
	}
	c.Conn.settled()
	c.Int(hub.publish(c.Args[1], c.Args[2], sharded))
}

// receivers counts those who would hear a message.
func (h *hub) receivers(channel []byte, sharded bool) (n int64) {
	if sharded {
		return h.listeners(toShard, channel)
	}
	n = h.listeners(toChannel, channel)
	h.mu.RLock()
	defer h.mu.RUnlock()
	for pattern, topic := range h.topics[toPattern] {
		if globMatch([]byte(pattern), channel) {
			n += int64(len(topic))
		}
	}
	return n
}

func runChannels(c *Call, kind subject) {
	if len(c.Args) > 3 {
		c.subcommandSyntax()
		return
	}
	var pattern []byte
	if len(c.Args) == 3 {
		pattern = c.Args[2]
	}
	names := c.Server.hub.names(kind, pattern)
	c.Array(len(names))
	for _, n := range names {
		c.BulkString(n)
	}
}

func runNumSub(c *Call, kind subject) {
	c.Array(2 * (len(c.Args) - 2))
	for _, name := range c.Args[2:] {
		c.Bulk(name)
		c.Int(c.Server.hub.listeners(kind, name))
	}
}
