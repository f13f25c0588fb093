package expose_test

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/server"
	"github.com/redis-lite/redis-lite/server/difftest"
	"github.com/redis-lite/redis-lite/server/expose"
)

// A log that fails turns health into 503 and writes into MISCONF; reads go on.
func TestHealth(t *testing.T) {
	fs := crashfs.New(crashfs.Options{})
	db, err := engine.Open("db", &engine.Options{FS: fs, SweepEvery: -1, IdleMark: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := server.New(db, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown(context.Background())
	near, far := net.Pipe()
	go s.ServeConn(far)
	c := difftest.NewConn(near)
	defer c.Close()
	h := expose.Handler(s, db)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		b, _ := io.ReadAll(w.Result().Body)
		return w.Code, string(b)
	}
	do := func(args ...string) difftest.Reply {
		r, err := c.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}

	do("SET", "a", "1")
	if code, body := get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthy: %d %q", code, body)
	}
	_, text := get("/metrics")
	for _, want := range []string{
		"redislite_writable 1", `redislite_commands_total{command="set"} 1`, `redislite_db_keys{db="0"} 1`, "redislite_clients 1",
		"redislite_log_syncs_total", "process_resident_memory_bytes", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}

	fs.Inject(crashfs.Fault{On: crashfs.OpSync | crashfs.OpDataSync, Do: crashfs.Fail, Err: syscall.EIO})
	if r := do("SET", "a", "2"); !r.IsError("MISCONF") {
		t.Error(r)
	}
	if r := do("SET", "b", "2"); !r.IsError("MISCONF") {
		t.Error(r)
	}
	if r := do("GET", "a"); r.Text != "1" {
		t.Error(r)
	}
	if code, body := get("/healthz"); code != 503 || !strings.Contains(body, "the log has failed") || strings.Count(body, "\n") != 1 {
		t.Errorf("failed: %d %q", code, body)
	}
	if _, text := get("/metrics"); !strings.Contains(text, "redislite_writable 0") {
		t.Error("writable is not 0")
	}
	if r := do("INFO", "persistence"); !strings.Contains(r.Text, "aof_last_write_status:err") {
		t.Error(r)
	}
}
