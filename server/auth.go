package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"

	"github.com/redis-lite/redis-lite/server/resp"
)

// There is one user, default, who may do everything: ACLs are not kept. A
// password (Options.Password, CONFIG SET requirepass) guards the server.

const (
	errNoAuth    = "NOAUTH Authentication required."
	errWrongPass = "WRONGPASS invalid username-password pair or user is disabled."
)

// What a client may send before it has given the password: enough for AUTH, and
// too little to cost memory.
var unauthenticated = resp.Limits{Args: 10, Bulk: 16 << 10, Request: 64 << 10, Inline: 16 << 10}

// password is the one asked for, "" for none.
func (s *Server) password() string {
	if p := s.secret.Load(); p != nil {
		return *p
	}
	return ""
}

// setPassword changes it. Connections that are in stay in, as in Redis.
func (s *Server) setPassword(p string) { s.secret.Store(&p) }

// mustAuth reports whether the connection has still to give the password.
func (c *Conn) mustAuth() bool { return !c.authenticated && c.srv.password() != "" }

// authenticate checks a user's password; the text is the error, "" for none.
func (c *Conn) authenticate(user, password []byte) string {
	want := c.srv.password()
	// The comparison takes as long for a wrong guess as for a right one.
	a, b := sha256.Sum256(password), sha256.Sum256([]byte(want))
	same := subtle.ConstantTimeCompare(a[:], b[:]) == 1
	if string(user) != "default" || want != "" && !same {
		c.srv.stats.authFailures.Add(1)
		c.srv.opts.Logger.Warn("a client gave a wrong password", "client", c.id, "address", c.address())
		return errWrongPass
	}
	c.authenticated = true
	c.rd.SetLimits(c.srv.opts.Limits)
	return ""
}

// mayHello says why a connection may not be told about the server yet.
func (c *Conn) mayHello() string {
	if c.mustAuth() {
		return "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
	}
	return ""
}

func authCommands() []*Command {
	return []*Command{
		{Name: "auth", Arity: -2, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Group: GroupConnection, Since: "1.0.0",
			Complexity: "O(N) where N is the number of passwords defined for the user", Summary: "Authenticates the connection.", Run: runAuth},
		container("acl", GroupServer, "6.0.0", "A container for Access List Control commands.",
			&Command{Name: "whoami", Arity: 2, Flags: NoScript | Loading | Stale, Since: "6.0.0", Complexity: "O(1)",
				Summary: "Returns the authenticated username of the current connection.", Run: func(c *Call) { c.BulkString("default") }},
			&Command{Name: "users", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Since: "6.0.0", Complexity: "O(1)",
				Summary: "Lists all ACL users.", Run: func(c *Call) { c.Array(1); c.BulkString("default") }},
			&Command{Name: "list", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Since: "6.0.0", Complexity: "O(1)",
				Summary: "Dumps the effective rules in ACL file format.", Run: runACLList},
			&Command{Name: "cat", Arity: -2, Flags: NoScript | Loading | Stale, Since: "6.0.0", Complexity: "O(N) where N is the number of commands",
				Summary: "Lists the ACL categories, or the commands inside a category.", Run: runACLCat},
			&Command{Name: "log", Arity: -2, Flags: Admin | NoScript | Loading | Stale, Since: "6.0.0", Complexity: "O(1)",
				Summary: "Lists recent security events: always none.", Run: func(c *Call) {
					if len(c.Args) == 3 && c.Is(2, "reset") {
						c.OK()
						return
					}
					c.Array(0)
				}},
		),
	}
}

func runAuth(c *Call) {
	user, password := []byte("default"), c.Args[len(c.Args)-1]
	switch {
	case len(c.Args) > 3:
		c.Fail(ErrSyntax)
		return
	case len(c.Args) == 3:
		user = c.Args[1]
	case c.Server.password() == "":
		c.Failf("AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
		return
	}
	if text := c.Conn.authenticate(user, password); text != "" {
		c.Error(text)
		return
	}
	c.OK()
}

func runACLList(c *Call) {
	pass := "nopass"
	if p := c.Server.password(); p != "" {
		pass = "#" + hexDigest(p)
	}
	c.Array(1)
	c.BulkString("user default on " + pass + " ~* &* +@all")
}

// categories are Redis's, in its order.
var categories = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo",
	"stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
}

func runACLCat(c *Call) {
	if len(c.Args) > 3 {
		c.subcommandSyntax()
		return
	}
	if len(c.Args) == 2 {
		c.Array(len(categories))
		for _, n := range categories {
			c.BulkString(n)
		}
		return
	}
	category := string(appendLower(nil, c.Args[2]))
	if !slices.Contains(categories, category) {
		c.Failf("Unknown category '%s'", printableWord(c.Args[2]))
		return
	}
	var names []string
	c.Server.table.each(func(cmd *Command) {
		if len(cmd.Subs) == 0 && slices.Contains(cmd.categories(), category) {
			names = append(names, cmd.FullName())
		}
	})
	c.Array(len(names))
	for _, n := range names {
		c.BulkString(n)
	}
}
