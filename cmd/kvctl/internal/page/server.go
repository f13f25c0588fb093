package page

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Server serves the page of one store live. It is an http.Handler.
type Server struct {
	o     Options
	token string
	shell *shell

	mu         sync.Mutex // guards what follows, and is held across no reading
	log        *Log
	generation uint64
	scanning   chan struct{} // one slot: scans wait for each other
}

// NewServer makes a server for a store. Its token is new and random.
func NewServer(o Options) (*Server, error) {
	s, err := newShell("live", o.Dir)
	if err != nil {
		return nil, err
	}
	token := make([]byte, 16)
	if _, err := rand.Read(token); err != nil {
		return nil, err
	}
	return &Server{o: o, token: hex.EncodeToString(token), shell: s, scanning: make(chan struct{}, 1)}, nil
}

// Path is where the page is, with the token.
func (s *Server) Path() string { return "/" + s.token + "/" }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", s.shell.policy+"; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	switch {
	case !local(r.Host):
		// A name that somebody made resolve to this machine.
		fail(w, http.StatusForbidden, errors.New("this host is not served"))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		fail(w, http.StatusMethodNotAllowed, errors.New("only GET is served"))
	default:
		token, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1 {
			fail(w, http.StatusNotFound, errors.New("there is nothing here; the address that kvctl ui printed holds a token"))
			return
		}
		s.serve(w, r, rest)
	}
}

// local reports whether a Host header names this machine itself.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, path string) {
	if path == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, s.shell.before+s.shell.after) // the reader left
		return
	}
	answer, ok := map[string]func(context.Context, url.Values) (any, error){
		"data/overview": s.overview, "data/rows": s.rows, "data/frame": s.frame,
		"data/search": s.search, "data/history": s.history, "data/diff": s.diff,
	}[path]
	if !ok {
		fail(w, http.StatusNotFound, errors.New("there is nothing here"))
		return
	}
	v, err := answer(r.Context(), r.URL.Query())
	var changed *ChangedError
	var bad *badRequest
	switch {
	case errors.As(err, &bad):
		fail(w, http.StatusBadRequest, err)
	case errors.As(err, &changed):
		fail(w, http.StatusGone, err)
	case err != nil:
		fail(w, http.StatusInternalServerError, err)
	default:
		reply(w, http.StatusOK, v)
	}
}

func fail(w http.ResponseWriter, code int, err error) {
	reply(w, code, map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, code int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		code, b = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(b) // the reader left
}

// badRequest says that a parameter makes no sense.
type badRequest struct{ what string }

func (e *badRequest) Error() string { return e.what }

// overview scans the log anew: whoever loads the page sees what is there now.
func (s *Server) overview(ctx context.Context, _ url.Values) (any, error) {
	select {
	case s.scanning <- struct{}{}:
		defer func() { <-s.scanning }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l, err := Scan(ctx, s.o)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	l.Over.Mode, l.Over.Generation = "live", s.generation
	s.log = l
	return &l.Over, nil
}

// current is the log that a page was drawn from. A page that was loaded before
// another one is told to load again.
func (s *Server) current(q url.Values) (*Log, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil || q.Get("generation") != strconv.FormatUint(s.generation, 10) {
		return nil, &ChangedError{errors.New("another page was loaded since")}
	}
	return s.log, nil
}

// number reads a parameter; one that is missing is 0.
func number[T int64 | uint64](q url.Values, name string) (n T, err error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	u, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, &badRequest{name + ": expected a whole number"}
	}
	return T(u), nil
}

func (s *Server) rows(ctx context.Context, q url.Values) (any, error) {
	l, err := s.current(q)
	if err != nil {
		return nil, err
	}
	chunk, err := number[int64](q, "chunk")
	if err != nil {
		return nil, err
	}
	rows, err := l.Rows(ctx, chunk)
	if errors.Is(err, errNoChunk) {
		err = &badRequest{err.Error()}
	}
	return map[string]any{"rows": rows}, err
}

func (s *Server) frame(ctx context.Context, q url.Values) (any, error) {
	l, err := s.current(q)
	if err != nil {
		return nil, err
	}
	seq, err1 := number[uint64](q, "segment")
	at, err2 := number[int64](q, "at")
	record, err3 := number[int64](q, "record")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	return l.Frame(ctx, seq, at, record)
}
