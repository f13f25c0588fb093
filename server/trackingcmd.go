package server

import (
	"context"
	"strings"

	"github.com/redis-lite/redis-lite/server/resp"
)

// parseTracking reads the options of CLIENT TRACKING.
func (c *Call) parseTracking() (want tracked, err error) {
	for i := 3; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch {
		case c.Is(i, "redirect") && more:
			i++
			if want.redirect != 0 {
				return want, Reply("ERR A client can only redirect to a single other client")
			}
			id, ok := resp.ParseInt(c.Args[i])
			if !ok {
				return want, ErrNotInteger
			}
			if c.Server.connection(id) == nil {
				return want, Reply("ERR The client ID you want redirect to does not exist")
			}
			want.redirect = id
		case c.Is(i, "bcast"):
			want.bcast = true
		case c.Is(i, "optin"):
			want.optin = true
		case c.Is(i, "optout"):
			want.optout = true
		case c.Is(i, "noloop"):
			want.noloop = true
		case c.Is(i, "prefix") && more:
			i++
			want.prefixes = append(want.prefixes, c.Arg(i))
		default:
			return want, ErrSyntax
		}
	}
	return want, nil
}

// allows says why a connection that is in one mode may not get another.
func (t *tracked) allows(want *tracked) error {
	switch {
	case !want.bcast && len(want.prefixes) > 0:
		return Reply("ERR PREFIX option requires BCAST mode to be enabled")
	case t.on && t.bcast != want.bcast:
		return Reply("ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.")
	case want.bcast && (want.optin || want.optout):
		return Reply("ERR OPTIN and OPTOUT are not compatible with BCAST")
	case want.optin && want.optout:
		return Reply("ERR You can't specify both OPTIN mode and OPTOUT mode")
	case want.optin && t.optout || want.optout && t.optin:
		return Reply("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.")
	}
	for i, p := range want.prefixes {
		for _, old := range t.prefixes {
			if overlap(p, old) {
				return Reply("ERR Prefix '" + printableWord([]byte(p)) + "' overlaps with an existing prefix '" + printableWord([]byte(old)) + "'. Prefixes for a single client must not overlap.")
			}
		}
		for _, q := range want.prefixes[i+1:] {
			if overlap(p, q) {
				return Reply("ERR Prefix '" + printableWord([]byte(p)) + "' overlaps with another provided prefix '" + printableWord([]byte(q)) + "'. Prefixes for a single client must not overlap.")
			}
		}
	}
	return nil
}

func overlap(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

func runTracking(c *Call) {
	want, err := c.parseTracking()
	if err != nil {
		c.Fail(err)
		return
	}
	switch {
	case c.Is(2, "off"):
		c.Server.tracking.disable(c.Conn)
	case !c.Is(2, "on"):
		c.Fail(ErrSyntax)
		return
	default:
		if err := c.Conn.track.allows(&want); err != nil {
			c.Fail(err)
			return
		}
		c.Server.tracking.enable(c.Conn, want)
		if c.Tx == nil {
			c.Server.barrier()
		}
	}
	c.OK()
}

// barrier waits until every transaction that began before is published. One that
// began while nobody tracked anything tells nobody what it changed; what it changed
// must not be read as it was before.
func (s *Server) barrier() {
	commit, err := s.update(context.Background(), func(*Tx) error { return nil })
	if err == nil {
		_ = commit.Wait(context.Background()) // a failed log publishes nothing more
	}
}

func runCaching(c *Call) {
	t := &c.Conn.track
	switch {
	case !t.on:
		c.Failf("CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	case c.Is(2, "yes") && !t.optin:
		c.Failf("CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case c.Is(2, "no") && !t.optout:
		c.Failf("CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	case c.Is(2, "yes"), c.Is(2, "no"):
		c.Conn.setCaching(true)
		c.OK()
	default:
		c.Fail(ErrSyntax)
	}
}

func runGetRedir(c *Call) { c.Int(c.Conn.track.redirection()) }

// redirection is the number of the connection that hears for this one, 0 for none,
// -1 without tracking.
func (t *tracked) redirection() int64 {
	if !t.on {
		return -1
	}
	return t.redirect
}

func runTrackingInfo(c *Call) {
	c.Server.tracking.mu.Lock()
	t := c.Conn.track
	c.Server.tracking.mu.Unlock()
	flags := []string{"off"}
	if t.on {
		flags[0] = "on"
	}
	for _, f := range [...]struct {
		is   bool
		name string
	}{
		{t.bcast, "bcast"}, {t.optin, "optin"}, {t.optin && t.caching, "caching-yes"}, {t.optout, "optout"},
		{t.optout && t.caching, "caching-no"}, {t.noloop, "noloop"}, {t.broken, "broken_redirect"},
	} {
		if f.is {
			flags = append(flags, f.name)
		}
	}
	c.Map(3)
	c.BulkString("flags")
	c.Set(len(flags))
	for _, f := range flags {
		c.BulkString(f)
	}
	c.BulkString("redirect")
	c.Int(t.redirection())
	c.BulkString("prefixes")
	c.Array(len(t.prefixes))
	for _, p := range t.prefixes {
		c.BulkString(p)
	}
}
