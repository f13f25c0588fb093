package server

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

func infoCommands() []*Command {
	return []*Command{{Name: "info", Arity: -1, Flags: Loading | Stale, Group: GroupServer, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Returns information and statistics about the server.", ACL: []string{"dangerous"}, Run: runInfo}}
}

// section is a part of INFO.
type section struct {
	name  string
	extra bool // only with "all" or "everything", or by its name
	write func(*Server, *infoText, engine.Metrics)
}

var infoSections = [...]section{
	{"server", false, infoServer},
	{"clients", false, infoClients},
	{"memory", false, infoMemory},
	{"persistence", false, infoPersistence},
	{"stats", false, infoStats},
	{"replication", false, infoReplication},
	{"cpu", false, infoCPU},
	{"modules", false, func(*Server, *infoText, engine.Metrics) {}},
	{"commandstats", true, infoCommandstats},
	{"errorstats", false, infoErrorstats},
	{"latencystats", true, infoLatencystats},
	{"cluster", false, func(_ *Server, t *infoText, _ engine.Metrics) { t.add("cluster_enabled", 0) }},
	{"keyspace", false, infoKeyspace},
}

// infoText collects lines.
type infoText struct{ strings.Builder }

func (t *infoText) add(name string, value any) { fmt.Fprintf(t, "%s:%v\r\n", name, value) }

func runInfo(c *Call) {
	asked := make(map[string]bool)
	for _, a := range c.Args[1:] {
		asked[strings.ToLower(string(a))] = true
	}
	everything := asked["all"] || asked["everything"]
	standard := len(asked) == 0 || asked["default"]
	m := c.Server.db.Metrics()
	var t infoText
	for _, s := range infoSections {
		if !asked[s.name] && !everything && !(standard && !s.extra) {
			continue
		}
		if t.Len() > 0 {
			t.WriteString("\r\n")
		}
		t.WriteString("# " + strings.ToUpper(s.name[:1]) + s.name[1:] + "\r\n")
		s.write(c.Server, &t, m)
	}
	c.Verbatim("txt", t.String())
}

func infoServer(s *Server, t *infoText, _ engine.Metrics) {
	now := s.opts.Clock()
	up := int64(now.Sub(s.started).Seconds())
	t.add("redis_version", redisVersion)
	t.add("redis_git_sha1", "00000000")
	t.add("redis_git_dirty", 0)
	t.add("redis_build_id", "0")
	t.add("redis_mode", "standalone")
	t.add("server_name", "redis-lite")
	t.add("os", runtime.GOOS+" "+runtime.GOARCH)
	t.add("arch_bits", 32<<(^uint(0)>>63))
	t.add("go_version", runtime.Version())
	t.add("process_id", s.opts.ProcessID)
	t.add("run_id", s.runID)
	t.add("tcp_port", s.port())
	t.add("server_time_usec", now.UnixMicro())
	t.add("uptime_in_seconds", up)
	t.add("uptime_in_days", up/86400)
	t.add("hz", 10)
	t.add("configured_hz", 10)
	t.add("lru_clock", now.Unix()&(1<<24-1))
	t.add("executable", "")
	t.add("config_file", "")
	t.add("io_threads_active", 0)
}

func infoClients(s *Server, t *infoText, _ engine.Metrics) {
	conns := s.connections()
	subscribers, in, out := 0, int64(0), 0
	for _, c := range conns {
		if c.subscribed() {
			subscribers++
		}
		in, out = max(in, c.shown.buffered.Load()), max(out, c.out.pendingBytes())
	}
	t.add("connected_clients", len(conns))
	t.add("cluster_connections", 0)
	t.add("maxclients", s.limits.clients.Load())
	t.add("client_recent_max_input_buffer", in)
	t.add("client_recent_max_output_buffer", out)
	t.add("blocked_clients", s.blocked.n.Load())
	t.add("tracking_clients", s.post.trackers.Load())
	t.add("pubsub_clients", subscribers)
	t.add("clients_in_timeout_table", 0)
}

func infoMemory(s *Server, t *infoText, m engine.Metrics) {
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	peak := max(s.peak.Load(), int64(ms.HeapAlloc))
	s.peak.Store(peak)
	t.add("used_memory", ms.HeapAlloc)
	t.add("used_memory_human", human(int64(ms.HeapAlloc)))
	t.add("used_memory_rss", ms.Sys-ms.HeapReleased)
	t.add("used_memory_rss_human", human(int64(ms.Sys-ms.HeapReleased)))
	t.add("used_memory_peak", peak)
	t.add("used_memory_peak_human", human(peak))
	t.add("used_memory_overhead", int64(ms.HeapAlloc)-min(m.MapBytes, int64(ms.HeapAlloc)))
	t.add("used_memory_dataset", m.MapBytes)
	t.add("total_system_memory", 0)
	t.add("used_memory_lua", 0)
	t.add("used_memory_scripts", 0)
	t.add("maxmemory", s.opts.MemoryLimit)
	t.add("maxmemory_human", human(s.opts.MemoryLimit))
	t.add("maxmemory_policy", "noeviction")
	ratio := 1.0
	if ms.HeapAlloc > 0 {
		ratio = float64(ms.Sys-ms.HeapReleased) / float64(ms.HeapAlloc)
	}
	t.add("mem_fragmentation_ratio", fmt.Sprintf("%.2f", ratio))
	t.add("mem_allocator", "go")
	t.add("mem_not_counted_for_evict", 0)
	t.add("mem_clients_normal", s.clientBytes())
	t.add("mem_aof_buffer", m.StagedBytes)
	t.add("active_defrag_running", 0)
	t.add("lazyfree_pending_objects", 0)
}

// human writes a size as Redis does.
func human(n int64) string {
	switch f := float64(n); {
	case n < 1<<10:
		return fmt.Sprintf("%dB", n)
	case n < 1<<20:
		return fmt.Sprintf("%.2fK", f/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.2fM", f/(1<<20))
	default:
		return fmt.Sprintf("%.2fG", f/(1<<30))
	}
}

func infoPersistence(s *Server, t *infoText, m engine.Metrics) {
	status := func(err error) string {
		if err != nil {
			return "err"
		}
		return "ok"
	}
	t.add("loading", 0)
	t.add("async_loading", 0)
	t.add("rdb_changes_since_last_save", 0)
	t.add("rdb_bgsave_in_progress", b2i(s.saving.Load()))
	t.add("rdb_last_save_time", s.saved.Load())
	t.add("rdb_last_bgsave_status", status(m.CompactionErr))
	t.add("rdb_last_bgsave_time_sec", int64(m.LastCompaction.Seconds()))
	t.add("rdb_current_bgsave_time_sec", -1)
	t.add("rdb_saves", m.Compactions)
	t.add("aof_enabled", 1)
	t.add("aof_rewrite_in_progress", b2i(s.saving.Load()))
	t.add("aof_rewrite_scheduled", 0)
	t.add("aof_last_rewrite_time_sec", int64(m.LastCompaction.Seconds()))
	t.add("aof_last_bgrewrite_status", status(m.CompactionErr))
	t.add("aof_last_write_status", status(m.Failed))
	t.add("aof_current_size", m.LogBytes)
	t.add("aof_pending_bio_fsync", 0)
	t.add("aof_delayed_fsync", 0)
	t.add("log_failed", b2i(m.Failed != nil))
	t.add("log_published_lsn", m.PublishedLSN)
	t.add("log_durable_lsn", m.DurableLSN)
	t.add("log_segments", m.Segments)
	t.add("log_frames", m.Log.Frames)
	t.add("log_records", m.Log.Records)
	t.add("log_syncs", m.Log.Syncs)
	t.add("log_sync_usec", m.Log.SyncTotal.Microseconds())
	t.add("log_sync_max_usec", m.Log.SyncMax.Microseconds())
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func infoStats(s *Server, t *infoText, _ engine.Metrics) {
	t.add("total_connections_received", s.stats.connections.Load())
	t.add("total_commands_processed", s.stats.commands.Load())
	t.add("instantaneous_ops_per_sec", s.rate.perSecond.Load())
	t.add("total_net_input_bytes", s.stats.in.Load())
	t.add("total_net_output_bytes", s.stats.out.Load())
	t.add("instantaneous_input_kbps", "0.00")
	t.add("instantaneous_output_kbps", "0.00")
	t.add("rejected_connections", s.stats.rejected.Load())
	t.add("sync_full", 0)
	t.add("sync_partial_ok", 0)
	t.add("sync_partial_err", 0)
	t.add("expired_keys", s.stats.expired.Load())
	t.add("expired_stale_perc", "0.00")
	t.add("expired_time_cap_reached_count", 0)
	t.add("evicted_keys", 0)
	t.add("evicted_clients", 0)
	// Of GET, MGET and what reads one collection.
	t.add("keyspace_hits", s.stats.hits.Load())
	t.add("keyspace_misses", s.stats.misses.Load())
	t.add("pubsub_channels", len(s.hub.names(toChannel, nil)))
	t.add("pubsub_patterns", s.hub.patterns())
	t.add("pubsubshard_channels", len(s.hub.names(toShard, nil)))
	t.add("latest_fork_usec", 0)
	t.add("total_forks", 0)
	t.add("migrate_cached_sockets", 0)
	t.add("slave_expires_tracked_keys", 0)
	t.add("active_defrag_hits", 0)
	keys, items, prefixes := s.tracking.size()
	t.add("tracking_total_keys", keys)
	t.add("tracking_total_items", items)
	t.add("tracking_total_prefixes", prefixes)
	t.add("unexpected_error_replies", 0)
	t.add("total_error_replies", s.stats.errors.Load())
	t.add("total_reads_processed", 0)
	t.add("total_writes_processed", 0)
	t.add("acl_access_denied_auth", s.stats.authFailures.Load())
	t.add("denied_connections", s.stats.denied.Load())
	t.add("idle_connections_closed", s.stats.idle.Load())
	t.add("protocol_errors", s.stats.protocol.Load())
	t.add("client_output_buffer_limit_disconnections", s.stats.outputLimit.Load())
	t.add("command_panics", s.stats.panics.Load())
}

func infoReplication(s *Server, t *infoText, m engine.Metrics) {
	t.add("role", "master")
	t.add("connected_slaves", 0)
	t.add("master_failover_state", "no-failover")
	t.add("master_replid", s.runID)
	t.add("master_replid2", strings.Repeat("0", 40))
	t.add("master_repl_offset", m.PublishedLSN)
	t.add("second_repl_offset", -1)
	t.add("repl_backlog_active", 0)
	t.add("repl_backlog_size", 0)
	t.add("repl_backlog_first_byte_offset", 0)
	t.add("repl_backlog_histlen", 0)
}

func infoCPU(s *Server, t *infoText, _ engine.Metrics) {
	var user, system time.Duration
	if s.opts.CPUTime != nil {
		user, system = s.opts.CPUTime()
	}
	t.add("used_cpu_sys", fmt.Sprintf("%.6f", system.Seconds()))
	t.add("used_cpu_user", fmt.Sprintf("%.6f", user.Seconds()))
	t.add("used_cpu_sys_children", "0.000000")
	t.add("used_cpu_user_children", "0.000000")
}

func infoCommandstats(s *Server, t *infoText, _ engine.Metrics) {
	s.table.each(func(c *Command) {
		n := c.took.calls()
		if n == 0 && c.denied.Load() == 0 {
			return
		}
		micros := c.micros.Load()
		t.add("cmdstat_"+c.FullName(), fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			n, micros, float64(micros)/float64(max(n, 1)), c.denied.Load(), c.failed.Load()))
	})
}

func infoErrorstats(s *Server, t *infoText, _ engine.Metrics) {
	s.errorKinds.Range(func(k, v any) bool {
		t.add("errorstat_"+k.(string), fmt.Sprintf("count=%d", v.(*counter).Load()))
		return true
	})
}

// infoLatencystats has the ends of the histogram's steps: a percentile is at most so
// much, and more than half of it.
func infoLatencystats(s *Server, t *infoText, _ engine.Metrics) {
	s.table.each(func(c *Command) {
		if c.took.calls() == 0 {
			return
		}
		micros := func(p float64) float64 { return float64(c.took.percentile(p)) / 1000 }
		t.add("latency_percentiles_usec_"+c.FullName(), fmt.Sprintf("p50=%.3f,p99=%.3f,p99.9=%.3f", micros(50), micros(99), micros(99.9)))
	})
}

func infoKeyspace(s *Server, t *infoText, m engine.Metrics) {
	for db, n := range s.countKeys(m.Deadlines) {
		if n.keys > 0 {
			t.add(fmt.Sprintf("db%d", db), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=0", n.keys, n.expires))
		}
	}
}
