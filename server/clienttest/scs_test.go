package clienttest

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/gomodule/redigo/redis"
)

// Sessions of scs, in its store over redigo.
func TestSCSSessions(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	pool := &redis.Pool{DialContext: func(ctx context.Context) (redis.Conn, error) { return redis.DialContext(ctx, "tcp", s.addr) }}
	defer pool.Close()
	sessions := scs.New()
	store := redisstore.New(pool)
	sessions.Store = store
	sessions.Lifetime = time.Hour
	site := httptest.NewServer(sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			if err := sessions.RenewToken(r.Context()); err != nil {
				t.Error(err)
			}
			sessions.Put(r.Context(), "name", "ann")
		case "/logout":
			if err := sessions.Destroy(r.Context()); err != nil {
				t.Error(err)
			}
			return
		}
		n := sessions.GetInt(r.Context(), "n") + 1
		sessions.Put(r.Context(), "n", n)
		w.Write([]byte(sessions.GetString(r.Context(), "name") + strconv.Itoa(n)))
	})))
	defer site.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	for _, step := range []struct{ path, want string }{
		{"/", "1"}, {"/", "2"}, {"/login", "ann3"}, {"/", "ann4"}, {"/logout", ""}, {"/", "1"},
	} {
		r, err := client.Get(site.URL + step.path)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 64)
		n, _ := r.Body.Read(b)
		r.Body.Close()
		if string(b[:n]) != step.want {
			t.Fatalf("%s: %q, want %q", step.path, b[:n], step.want)
		}
	}

	// A session that was saved is there after kill -9, and one that is over is not.
	if err := store.Commit("kept", []byte("v"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := store.Commit("over", []byte("v"), time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	s.kill()
	s = serve(t, dir)
	pool = &redis.Pool{DialContext: func(ctx context.Context) (redis.Conn, error) { return redis.DialContext(ctx, "tcp", s.addr) }}
	defer pool.Close()
	store = redisstore.New(pool)
	if b, ok, err := store.Find("kept"); string(b) != "v" || !ok || err != nil {
		t.Error(b, ok, err)
	}
	if _, ok, err := store.Find("over"); ok || err != nil {
		t.Error(ok, err)
	}
	if all, err := store.All(); len(all) != 2 || err != nil { // the browser's last one, and kept
		t.Error(len(all), err)
	}
	s.terminate()
}
