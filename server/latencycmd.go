package server

import (
	"fmt"
	"strings"
)

func latencyCommands() *Command {
	const flags = Admin | NoScript | Loading | Stale
	sub := func(name string, arity int, f Flag, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: f, Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	return container("latency", GroupServer, "2.8.13", "A container for latency diagnostics commands.",
		sub("latest", 2, flags, "2.8.13", "O(1)", "Returns the latest latency samples for all events.", runLatencyLatest),
		sub("history", 3, flags, "2.8.13", "O(1)", "Returns timestamp-latency samples for an event.", runLatencyHistory),
		sub("graph", 3, flags, "2.8.13", "O(1)", "Returns a latency graph for an event.", runLatencyGraph),
		sub("reset", -2, flags, "2.8.13", "O(1)", "Resets the latency data for one or more events.", func(c *Call) {
			var names []string
			for _, a := range c.Args[2:] {
				names = append(names, string(a))
			}
			c.Int(c.Server.latency.reset(names...))
		}),
		sub("doctor", 2, flags, "2.8.13", "O(1)", "Returns a human-readable latency analysis report.",
			func(c *Call) { c.Verbatim("txt", c.Server.latencyReport()) }),
		sub("histogram", -2, flags, "7.0.0", "O(N) where N is the number of commands with latency information being retrieved.",
			"Returns the cumulative distribution of latencies of a subset or all commands.", runLatencyHistogram),
	)
}

func runLatencyLatest(c *Call) {
	l := &c.Server.latency
	type latest struct {
		name string
		last latencySample
		max  int64
	}
	var list []latest
	for _, name := range l.names() {
		if e, ok := l.get(name); ok {
			list = append(list, latest{name, e.samples[len(e.samples)-1], e.max})
		}
	}
	c.Array(len(list))
	for _, e := range list {
		c.Array(4)
		c.BulkString(e.name)
		c.Int(e.last.unix)
		c.Int(e.last.ms)
		c.Int(e.max)
	}
}

func runLatencyHistory(c *Call) {
	e, _ := c.Server.latency.get(c.Arg(2))
	c.Array(len(e.samples))
	for _, s := range e.samples {
		c.Array(2)
		c.Int(s.unix)
		c.Int(s.ms)
	}
}

func runLatencyGraph(c *Call) {
	name := c.Arg(2)
	e, ok := c.Server.latency.get(name)
	if !ok {
		c.Failf("No samples available for event '%s'", printableWord(c.Args[2]))
		return
	}
	c.Verbatim("txt", e.graph(name, c.Server.opts.Clock().Unix()))
}

// runLatencyHistogram answers for the commands that were called, a container's name
// standing for its subcommands.
func runLatencyHistogram(c *Call) {
	var list []*Command
	add := func(cmd *Command) {
		if cmd.took.calls() > 0 {
			list = append(list, cmd)
		}
	}
	if len(c.Args) == 2 {
		c.Server.table.each(add)
	}
	for _, a := range c.Args[2:] {
		name, word, ofContainer := strings.Cut(string(a), "|")
		cmd := c.Server.table.find([]byte(name))
		if cmd != nil && ofContainer {
			cmd = cmd.sub([]byte(word))
		}
		if cmd == nil {
			continue
		}
		add(cmd)
		for _, s := range cmd.Subs {
			add(s)
		}
	}
	c.Map(len(list))
	for _, cmd := range list {
		c.BulkString(cmd.FullName())
		c.histogram(&cmd.took)
	}
}

// histogram answers the calls up to each step in which there were some.
func (c *Call) histogram(h *histogram) {
	var micros, sums []int64
	sum := int64(0)
	for i := range h {
		if n := h[i].Load(); n > 0 {
			sum += n
			micros, sums = append(micros, histogramEnd(i)/1000), append(sums, sum)
		}
	}
	c.Map(2)
	c.BulkString("calls")
	c.Int(sum)
	c.BulkString("histogram_usec")
	c.Map(len(micros))
	for i := range micros {
		c.Int(micros[i])
		c.Int(sums[i])
	}
}

// latencyAdvice is what can be done about an event.
var latencyAdvice = map[string]string{
	"command": "See SLOWLOG GET for the commands (CONFIG SET slowlog-log-slower-than), and ask for less at once: " +
		"SCAN, HSCAN, SSCAN and ZSCAN rather than KEYS, HGETALL or SMEMBERS of large keys.",
	"fast-command": "Commands that are fast by nature were slow: the machine is short of processors or of memory " +
		"(swapping), or one large transaction held up the others.",
	"commit": "The disk was slow to sync. INFO persistence has log_sync_usec and log_sync_max_usec; look for others that " +
		"write to the same disk, or give the store a disk of its own. --durability 1s does not wait for it, and may lose a second.",
	"expire-cycle": "Many keys expire at the same time: spread their times to live.",
}

// latencyReport is LATENCY DOCTOR's.
func (s *Server) latencyReport() string {
	l := &s.latency
	names := l.names()
	var b strings.Builder
	switch {
	case len(names) == 0 && !l.on():
		return "Nothing is monitored. CONFIG SET latency-monitor-threshold <milliseconds> begins to keep what takes as long.\n" +
			"LATENCY HISTOGRAM has the times of all commands in any case, and INFO persistence those of the syncs of the log.\n"
	case len(names) == 0:
		return fmt.Sprintf("Nothing took %d ms or longer.\n", l.threshold.Load())
	}
	b.WriteString("What took long (latency-monitor-threshold), by event:\n\n")
	for i, name := range names {
		e, ok := l.get(name)
		if !ok {
			continue
		}
		x := e.summary(s.opts.Clock().Unix())
		fmt.Fprintf(&b, "%d. %s: %d latency spikes (average %dms, mean deviation %dms, period %.2f sec). Worst all time event %dms.\n",
			i+1, name, x.spikes, x.average, x.deviation, x.period, e.max)
		if advice := latencyAdvice[name]; advice != "" {
			fmt.Fprintf(&b, "   - %s\n", advice)
		}
	}
	return b.String()
}
