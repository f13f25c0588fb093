package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

func TestLatencyEvents(t *testing.T) {
	s := newServer(t)
	c := dial(t, s)
	now := time.Unix(1_700_000_000, 0)
	l := &s.latency
	l.note("command", time.Hour, now)
	c.want("latency latest", "[]", // nothing is kept while the threshold is 0
		"config set latency-monitor-threshold 10", "OK",
		"config get latency-monitor-threshold", `["latency-monitor-threshold" "10"]`)

	l.note("command", 9*time.Millisecond, now)
	l.note("command", 10*time.Millisecond, now)
	l.note("command", 30*time.Millisecond, now)
	l.note("command", 20*time.Millisecond, now)
	l.note("command", 15*time.Millisecond, now.Add(time.Second))
	l.note("commit", 12*time.Millisecond, now)
	c.want("latency latest", `[["command" 1700000001 15 30] ["commit" 1700000000 12 12]]`,
		"latency history command", "[[1700000000 30] [1700000001 15]]",
		"latency history none", "[]",
		"latency graph none", "-ERR No samples available for event 'none'",
		"latency reset none command", "1",
		"latency history command", "[]",
		"latency reset", "1",
		"latency reset", "0",
		"latency latest", "[]")

	for i := range latencySamples + 5 {
		l.note("command", time.Duration(10+i)*time.Millisecond, now.Add(time.Duration(i)*time.Second))
	}
	e, _ := l.get("command")
	if len(e.samples) != latencySamples || e.samples[0].ms != 15 || e.max != 10+latencySamples+4 {
		t.Errorf("%d samples from %d ms on, the worst %d", len(e.samples), e.samples[0].ms, e.max)
	}
}

// Commands are filed by whether they should be fast.
func TestLatencyOfCommands(t *testing.T) {
	s := newServer(t)
	c := dial(t, s)
	c.want("config set latency-monitor-threshold 100", "OK")
	for _, name := range []string{"get", "keys"} {
		conn := s.newConnForTest()
		for _, took := range []time.Duration{99, 100} {
			call := &Call{Writer: &conn.w, Server: s, Conn: conn, Cmd: s.table.find([]byte(name))}
			s.account(call, 0, took*time.Millisecond)
		}
	}
	for _, event := range []string{"command", "fast-command"} {
		if e, _ := s.latency.get(event); len(e.samples) != 1 || e.max != 100 {
			t.Errorf("%s: %+v", event, e)
		}
	}
	if report := c.do("latency", "doctor"); !strings.Contains(report, "fast-command: 1 latency spikes (average 100ms") {
		t.Errorf("%s", report)
	}
}

// A commit's event is the time that its sync took.
func TestLatencyOfCommits(t *testing.T) {
	clock := newClock()
	g := vfstest.NewGate(memfs.New())
	s := serveGated(t, g, &engine.Options{}, Options{Clock: clock.Now})
	c := dial(t, s)
	c.want("config set latency-monitor-threshold 2", "OK")
	g.Shut()
	done := c.replies(1)
	c.send("set", "k", "v")
	<-g.Waiting
	clock.advance(3)
	g.Release(nil)
	if got := <-done; got != "OK" {
		t.Fatal(got)
	}
	if e, ok := s.latency.get("commit"); !ok || e.max != 3 {
		t.Errorf("%+v", e)
	}
}

func TestLatencyGraph(t *testing.T) {
	now := int64(1_700_000_000)
	e := latencyEvent{max: 500}
	for _, x := range []struct{ ago, ms int64 }{{2 * 24 * 3600, 100}, {4000, 200}, {600, 150}, {59, 400}, {1, 300}} {
		e.samples = append(e.samples, latencySample{now - x.ago, x.ms})
	}
	want := strings.Join([]string{
		"command - high 400 ms, low 100 ms (all time high 500 ms)",
		strings.Repeat("-", 80),
		"   # ",
		"   |#",
		" o ||",
		"_|#||",
		"     ",
		"21151",
		"dh09s",
		"  ms ",
	}, "\n") + "\n"
	if got := e.graph("command", now); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The steps are those that Redis answers: 1, 2, 4, 8, 16, 33, 66 microseconds.
func TestLatencyHistogram(t *testing.T) {
	var ends []int64
	for i := range 10 {
		ends = append(ends, histogramEnd(i)/1000)
		if histogramStep(histogramEnd(i)) != i || histogramStep(histogramEnd(i)+1) != i+1 {
			t.Errorf("step %d does not end at %d ns", i, histogramEnd(i))
		}
	}
	if got := fmt.Sprint(ends); got != "[1 2 4 8 16 33 66 132 264 528]" {
		t.Error(got)
	}
	if histogramStep(time.Hour.Nanoseconds()) != len(histogram{})-1 || histogramStep(-1) != 0 {
		t.Error("what is too long or too short has no step")
	}

	s := newServer(t)
	c := dial(t, s)
	c.want("latency histogram get nosuch", "[]")
	get := &s.table.find([]byte("get")).took
	for _, d := range []time.Duration{500, 900, 3000, 20_000} {
		get.add(int64(d))
	}
	c.want("latency histogram get", `["get" ["calls" 4 "histogram_usec" [1 2 4 3 33 4]]]`)
	s.table.find([]byte("config")).sub([]byte("get")).took.add(1)
	for _, name := range []string{"config", "config|get", "CONFIG|GET"} {
		c.want("latency histogram "+name, `["config|get" ["calls" 1 "histogram_usec" [1 1]]]`)
	}
	if p := get.percentile(50); p != histogramEnd(0) {
		t.Errorf("the median is %d", p)
	}
	if p := get.percentile(99.9); p != histogramEnd(5) {
		t.Errorf("the slowest is %d", p)
	}
	if info := c.do("info", "latencystats"); !strings.Contains(info, `latency_percentiles_usec_get:p50=1.031,p99=33.023,p99.9=33.023`) {
		t.Errorf("%s", info)
	}
	c.want("config resetstat", "OK", "latency histogram get", "[]")
}
