package server

import (
	"bytes"
	"fmt"
	"strings"
)

// gate decides whether a request may run, and returns the error that says why
// not. cmd is nil when there is no such command.
func (c *Conn) gate(cmd *Command, args [][]byte) string {
	if cmd == nil {
		return unknownCommand(args)
	}
	if !cmd.takes(len(args)) {
		return wrongArity(cmd)
	}
	if c.mustAuth() && !cmd.is(NoAuth) {
		return errNoAuth
	}
	if c.w.Proto() == 2 && c.subs.any() && !inSubscribedMode(cmd) {
		return "ERR Can't execute '" + cmd.FullName() + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
	}
	if c.shown.monitor.Load() && (cmd.transactional() || cmd.is(MayReplicate)) {
		return "ERR Replica can't interact with the keyspace" // which is what a monitor is to Redis
	}
	return ""
}

// inSubscribedMode reports whether a client of RESP2 may send a command while it
// listens: there, a reply of any other could not be told from a message.
func inSubscribedMode(cmd *Command) bool {
	if cmd.parent != nil {
		return false
	}
	switch cmd.Name {
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe", "ping", "quit", "reset":
		return true
	}
	return false
}

func wrongArity(cmd *Command) string {
	return "ERR wrong number of arguments for '" + cmd.FullName() + "' command"
}

// unknownCommand repeats the beginning of the request, as Redis does.
func unknownCommand(args [][]byte) string {
	var b strings.Builder
	for _, a := range args[1:] {
		if b.Len() >= 128 {
			break
		}
		fmt.Fprintf(&b, "'%s' ", printableWord(a[:min(len(a), 128-b.Len())]))
	}
	return fmt.Sprintf("ERR unknown command '%s', with args beginning with: %s", printableWord(args[0][:min(len(args[0]), 128)]), b.String())
}

// printableWord is a client's word for an error text: line breaks would end it,
// and Redis stops at a zero byte.
func printableWord(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(string(b))
}

func upper(s string) string { return strings.ToUpper(s) }
