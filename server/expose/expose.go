package expose

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
)

// Handler serves /metrics and /healthz of a server and its database.
func Handler(s *server.Server, db *engine.DB) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&collector{s, db},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err := db.Metrics().Failed; err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "the log has failed, writes are refused until the store is opened anew: %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// collector turns the counters into metrics when it is asked.
type collector struct {
	s  *server.Server
	db *engine.DB
}

// Describe describes nothing: which commands there are shows only as they are
// called.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends all metrics.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	send := func(kind prometheus.ValueType, name, help string, v float64, labels ...string) {
		names, values := []string{}, []string{}
		for i := 0; i < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, labels[i+1])
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("redislite_"+name, help, names, nil), kind, v, values...)
	}
	gauge := func(name, help string, v float64, labels ...string) {
		send(prometheus.GaugeValue, name, help, v, labels...)
	}
	count := func(name, help string, v float64, labels ...string) {
		send(prometheus.CounterValue, name, help, v, labels...)
	}

	m := c.db.Metrics()
	up := 1.0
	if m.Failed != nil {
		up = 0
	}
	gauge("writable", "1 while the store takes writes, 0 once its log has failed.", up)
	gauge("keys", "Keys and elements in the engine.", float64(m.Keys))
	gauge("map_bytes", "Memory of the map, approximately.", float64(m.MapBytes))
	gauge("versions", "Stored versions of all keys.", float64(m.Versions))
	gauge("open_snapshots", "Reads that keep old versions in memory.", float64(m.Snapshots))
	gauge("published_lsn", "The newest commit that readers see.", float64(m.PublishedLSN))
	gauge("durable_lsn", "The newest commit known to be on the disk.", float64(m.DurableLSN))
	gauge("staged_bytes", "Bytes of commits that wait for the disk.", float64(m.StagedBytes))
	gauge("log_bytes", "Bytes of records behind the newest snapshot.", float64(m.LogBytes))
	gauge("log_segments", "Files of the log.", float64(m.Segments))
	count("log_records_total", "Records written.", float64(m.Log.Records))
	count("log_frames_total", "Frames with records written: groups that shared a sync.", float64(m.Log.Frames))
	count("log_written_bytes_total", "Bytes of those frames.", float64(m.Log.Bytes))
	count("log_syncs_total", "Syncs of the log.", float64(m.Log.Syncs))
	count("log_sync_seconds_total", "Time spent in syncs of the log.", m.Log.SyncTotal.Seconds())
	gauge("log_sync_max_seconds", "The longest sync of the log.", m.Log.SyncMax.Seconds())
	count("compactions_total", "Snapshots made.", float64(m.Compactions))
	count("compaction_failures_total", "Snapshots that failed.", float64(m.CompactionFailures))

	s := c.s.Counters()
	gauge("uptime_seconds", "Time since the server's start.", s.Uptime.Seconds())
	gauge("clients", "Connections.", float64(s.Clients))
	gauge("blocked_clients", "Connections that wait for a key.", float64(s.Blocked))
	gauge("subscribed_clients", "Connections that listen to channels.", float64(s.Subscribers))
	gauge("client_bytes", "Memory of all connections' buffers.", float64(s.ClientBytes))
	gauge("channels", "Channels that somebody listens to.", float64(s.Channels))
	gauge("patterns", "Patterns that somebody listens to.", float64(s.Patterns))
	gauge("slowlog_entries", "Entries of the slow log.", float64(s.SlowLogEntries))
	count("connections_total", "Connections accepted.", float64(s.Connections))
	for reason, n := range map[string]int64{
		"maxclients": s.Rejected, "protected_mode": s.Denied, "idle": s.IdleClosed, "output": s.OutputClosed,
		"protocol": s.ProtocolErrors, "panic": s.Panics,
	} {
		count("connections_refused_total", "Connections refused or cut off, by reason.", float64(n), "reason", reason)
	}
	count("auth_failures_total", "Wrong passwords.", float64(s.AuthFailures))
	count("error_replies_total", "Error replies.", float64(s.Errors))
	count("received_bytes_total", "Bytes received.", float64(s.BytesIn))
	count("sent_bytes_total", "Bytes sent.", float64(s.BytesOut))
	count("expired_keys_total", "Keys removed because their time was up.", float64(s.ExpiredKeys))
	for db, n := range s.DatabaseKeys {
		if n > 0 {
			gauge("db_keys", "Keys of a database.", float64(n), "db", strconv.Itoa(db))
		}
	}
	for name, n := range s.CommandCalls {
		count("commands_total", "Calls of a command.", float64(n), "command", name)
		count("command_seconds_total", "Time spent in a command, waits for the disk not counted.", s.CommandTime[name].Seconds(), "command", name)
		count("command_errors_total", "Calls of a command that answered an error.", float64(s.CommandErrors[name]), "command", name)
	}
}
