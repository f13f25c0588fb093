package server

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/resp"
)

// Call is one execution of a command. Its reply goes to the Writer that it
// embeds.
type Call struct {
	*resp.Writer

	Server *Server
	Conn   *Conn // whose command it is; never nil
	Cmd    *Command
	// Args are the words of the command, the name first (and as it was sent).
	// They are the connection's buffer: valid until the command has run, not to
	// be written to, and to be copied by whoever keeps them.
	Args [][]byte

	// Tx is the transaction; nil for a command that is neither Write nor
	// ReadOnly, unless it runs inside EXEC.
	Tx *Tx
	// Multi is true inside EXEC, where nothing blocks.
	Multi bool

	block *blockRequest // set by Block
	noted bool          // it was counted and shown to monitors; it may run again all the same
	woken []byte        // the key for which a command that waited runs again; nil before
}

// Space is the key space of the connection's selected database.
func (c *Call) Space() *Space { return c.Tx.Space(c.Conn.db) }

// Arg is the argument at place i as a string.
func (c *Call) Arg(i int) string { return string(c.Args[i]) }

// Is reports whether the argument at place i is word, in any case.
func (c *Call) Is(i int, word string) bool { return equalFold(c.Args[i], word) }

// lookedUp counts a key that a command has read, found or not, for INFO.
func (c *Call) lookedUp(found bool) {
	switch {
	case !c.Cmd.is(ReadOnly):
	case found:
		c.Server.stats.hits.Add(1)
	default:
		c.Server.stats.misses.Add(1)
	}
}

// Fail answers an error: a Reply as it is, anything else as what it means to a
// client.
func (c *Call) Fail(err error) { c.Error(errorText(err)) }

// Failf answers an error that begins with ERR.
func (c *Call) Failf(format string, args ...any) { c.Error("ERR " + fmt.Sprintf(format, args...)) }

// Reply is an error with the text that the client gets, its code in front.
type Reply string

func (e Reply) Error() string { return string(e) }

// The error replies that many commands share, as Redis words them.
const (
	ErrWrongType  = Reply("WRONGTYPE Operation against a key holding the wrong kind of value")
	ErrSyntax     = Reply("ERR syntax error")
	ErrNotInteger = Reply("ERR value is not an integer or out of range")
	ErrNotFloat   = Reply("ERR value is not a valid float")
	ErrNoSuchKey  = Reply("ERR no such key")
	ErrOutOfRange = Reply("ERR index out of range")
	ErrOOM        = Reply("OOM command not allowed when used memory > 'maxmemory'.")
	ErrKeyLength  = Reply("ERR key or member is empty or longer than this server keeps")
	ErrTooLarge   = Reply("ERR value or transaction is larger than this server keeps")
	ErrDB         = Reply("ERR DB index is out of range")
	ErrExecAbort  = Reply("EXECABORT Transaction discarded because of previous errors.")
)

// errorText is the reply for an error of a handler or of the engine.
func errorText(err error) string {
	var r Reply
	switch {
	case errors.As(err, &r):
		return string(r)
	case errors.Is(err, engine.ErrMemoryLimit):
		return string(ErrOOM)
	case errors.Is(err, engine.ErrLogFailed), errors.Is(err, engine.ErrOutcomeUnknown):
		return "MISCONF Errors writing to the log, writes are disabled until the store is reopened: " + oneLine(err)
	case errors.Is(err, engine.ErrReadOnly), errors.Is(err, engine.ErrTxReadOnly):
		return "READONLY You can't write against a read only store."
	case errors.Is(err, engine.ErrKeyEmpty), errors.Is(err, engine.ErrKeyTooLarge):
		return string(ErrKeyLength)
	case errors.Is(err, engine.ErrValueTooLarge), errors.Is(err, engine.ErrTxTooLarge):
		return string(ErrTooLarge)
	case errors.Is(err, engine.ErrClosed):
		return "ERR the server is shutting down"
	}
	return "ERR internal error: " + oneLine(err)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", " ") }

// equalFold compares with an upper or lower case ASCII word.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := 0; i < len(b); i++ {
		x, y := b[i], word[i]
		if x >= 'A' && x <= 'Z' {
			x += 'a' - 'A'
		}
		if y >= 'A' && y <= 'Z' {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}
