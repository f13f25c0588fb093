package server

import (
	"fmt"
	"strings"
)

// The graphs of LATENCY GRAPH, drawn as Redis draws them.

const (
	graphColumns = 80
	graphRows    = 4
)

// graph draws the samples of an event, with how long ago each was below it.
func (e *latencyEvent) graph(name string, now int64) string {
	x := e.summary(now)
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n", name, x.high, x.low, e.max)
	b.WriteString(strings.Repeat("-", graphColumns) + "\n")
	for i := 0; i < len(e.samples); i += graphColumns {
		if i > 0 {
			b.WriteByte('\n')
		}
		drawSamples(&b, e.samples[i:min(i+graphColumns, len(e.samples))], x.low, x.high, now)
	}
	return b.String()
}

// drawSamples draws one column for each sample: its height in steps of three for
// each row, an empty row, and the label from top to bottom.
func drawSamples(b *strings.Builder, samples []latencySample, low, high, now int64) {
	const fill = "_o#"
	steps := int64(len(fill) * graphRows)
	labels, longest := make([]string, len(samples)), 0
	for i, s := range samples {
		labels[i] = ago(now - s.unix)
		longest = max(longest, len(labels[i]))
	}
	line := make([]byte, len(samples))
	for row := range graphRows + 1 + longest {
		for i, s := range samples {
			line[i] = ' '
			if row > graphRows {
				if at := row - graphRows - 1; at < len(labels[i]) {
					line[i] = labels[i][at]
				}
				continue
			}
			step := min((s.ms-low)*steps/max(high-low, 1), steps-1)
			switch at := step - int64((graphRows-row-1)*len(fill)); {
			case row == graphRows || at < 0:
			case at < int64(len(fill)):
				line[i] = fill[at]
			default:
				line[i] = '|'
			}
		}
		b.Write(line)
		b.WriteByte('\n')
	}
}

// ago is a time that has passed, in seconds, in the largest unit that fits.
func ago(seconds int64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm", seconds/60)
	case seconds < 24*3600:
		return fmt.Sprintf("%dh", seconds/3600)
	}
	return fmt.Sprintf("%dd", seconds/(24*3600))
}
