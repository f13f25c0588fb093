package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/netpoll"
	"github.com/redis-lite/redis-lite/server/resp"
)

// Options configures New. Every zero field stands for the default that its
// comment gives.
type Options struct {
	// Logger receives what an operator wants to know. Default: silent.
	Logger *slog.Logger
	// Clock tells the time of what is not a transaction: idle times, the slow
	// log. Deadlines follow the engine's clock. Default: time.Now.
	Clock func() time.Time
	// Databases is how many there are for SELECT, at most 64. Default 16.
	Databases int
	// Limits bounds requests.
	Limits resp.Limits
	// MaxKey is the longest key or element, in bytes; the engine's MaxKeySize
	// must be at least 64 bytes more. Default 65,472, which suits the engine's
	// default.
	MaxKey int
	// MaxOutput is how many bytes of replies may wait for a client that does
	// not read them; its further commands wait until it does. Default 64 MiB.
	MaxOutput int
	// Rand draws what RANDOMKEY and the like choose, and the seeds by which large
	// hashes and sets are spread over their pages, which clients should not be able to
	// guess. Default: math/rand/v2.
	Rand func() uint64
	// SweepEvery is how often expired keys are removed. A server whose engine
	// sweeps too (engine.Options.SweepEvery not negative) misses the expired
	// events of what the engine removes. Default 100 ms; negative turns it off.
	SweepEvery time.Duration

	// Password is what clients must give with AUTH or HELLO. Default: none.
	Password string
	// Unprotected serves clients from other machines although there is no
	// password. Without it, and without a password, only loopback is served.
	Unprotected bool
	// MaxClients is how many connections are served at a time. Default 10,000.
	MaxClients int
	// IdleTimeout closes connections that send nothing for so long, unless they
	// listen to channels or wait for a key. Default: never.
	IdleTimeout time.Duration
	// StallTimeout closes connections that take nothing of what they are sent
	// for so long. Default 5 min; negative: never.
	StallTimeout time.Duration
	// KeepAlive is how often TCP asks whether a client is still there. Default
	// 5 min; negative: never.
	KeepAlive time.Duration
	// PubSubLimit bounds what may wait for a subscriber; one that passes it is
	// cut off. Default 32 MiB, or 8 MiB for 60 s.
	PubSubLimit OutputLimit
	// SlowLog says from which time on a command is slow, and how many of them are
	// kept. Default 10 ms and 128; a negative time turns it off.
	SlowLog SlowLogOptions
	// Events is notify-keyspace-events at the start, as Redis writes it ("KEA").
	// Default: none.
	Events string
	// OnShutdown is called by the command SHUTDOWN; it must not wait for the
	// server. Default: the command is refused.
	OnShutdown func()

	// What INFO and CONFIG GET tell, and nothing else uses: the engine's memory
	// limit, its directory, its durability as appendfsync has it, the process.
	MemoryLimit int64
	Dir         string
	Fsync       string
	ProcessID   int
	CPUTime     func() (user, system time.Duration)
}

// OutputLimit bounds the bytes that may wait for a connection: Hard at any time,
// Soft for no longer than SoftTime.
type OutputLimit struct {
	Hard, Soft int64
	SoftTime   time.Duration
}

// SlowLogOptions configures the slow log.
type SlowLogOptions struct {
	Slower time.Duration
	Length int
}

func (o Options) resolved() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Databases <= 0 {
		o.Databases = 16
	}
	o.Databases = min(o.Databases, maxDatabases)
	if o.MaxKey <= 0 {
		o.MaxKey = 64<<10 - keyRoom
	}
	if o.MaxOutput <= 0 {
		o.MaxOutput = 64 << 20
	}
	if o.Rand == nil {
		o.Rand = rand.Uint64
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = 100 * time.Millisecond
	}
	if o.Limits.Bulk <= 0 {
		o.Limits.Bulk = 512 << 20
	}
	if o.Limits.Request <= 0 {
		o.Limits.Request = 1 << 30
	}
	if o.MaxClients <= 0 {
		o.MaxClients = 10_000
	}
	if o.StallTimeout == 0 {
		o.StallTimeout = 5 * time.Minute
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 5 * time.Minute
	}
	if o.PubSubLimit.Hard <= 0 {
		o.PubSubLimit.Hard = 32 << 20
	}
	if o.PubSubLimit.Soft <= 0 {
		o.PubSubLimit.Soft = 8 << 20
	}
	if o.PubSubLimit.SoftTime <= 0 {
		o.PubSubLimit.SoftTime = time.Minute
	}
	if o.SlowLog.Slower == 0 {
		o.SlowLog.Slower = 10 * time.Millisecond
	}
	if o.SlowLog.Length == 0 {
		o.SlowLog.Length = 128
	}
	if o.Fsync == "" {
		o.Fsync = "always"
	}
	return o
}

// Server speaks the Redis protocol in front of an engine. All methods are safe
// for concurrent use.
type Server struct {
	db      *engine.DB
	opts    Options
	table   *table
	started time.Time

	buckets [maxDatabases]bucketNames
	strings [maxDatabases]*engine.Bucket // of the physical databases
	records [maxDatabases]*engine.Bucket // of their collections
	swapped atomic.Bool                  // SWAPDB was used in this store
	// collections says of each physical database whether it has, or once had, one.
	// Programs that only use strings then look nowhere else for their keys.
	collections [maxDatabases]atomic.Bool
	numbers     numbers
	arena       arena // of the transaction that writes; it has the engine's writer slot
	cursors     cursors

	watches watches
	blocked blocked
	post    post
	loop    *eventLoop // nil where there is none

	hub      hub
	tracking tracking
	events   atomic.Pointer[eventKinds]
	secret   atomic.Pointer[string]
	pause    pause
	slow     slowLog
	latency  latencyMonitor
	monitors monitors
	params   []parameter
	limits   struct{ idle, clients atomic.Int64 } // seconds; connections

	stats      stats
	errorKinds sync.Map // first word of error replies -> *atomic.Int64
	rate       rate
	runID      string
	peak       atomic.Int64 // most heap that INFO has seen
	saved      atomic.Int64 // when SAVE or BGSAVE last succeeded, Unix s
	saving     atomic.Bool

	mu        sync.Mutex
	conns     map[int64]*Conn
	listeners map[net.Listener]struct{}
	lastID    int64

	closing chan struct{} // closed when Shutdown begins
	once    sync.Once
	work    sync.WaitGroup // connections and background goroutines
	ctx     context.Context
	cancel  context.CancelFunc
}

// New returns a server over an open database, which stays the caller's: it is to
// be closed after Shutdown, and other uses of it go on beside the server, outside
// of the buckets that begin with "redis/". A database has one Server at a time.
func New(db *engine.DB, o Options) (*Server, error) {
	s := &Server{
		db: db, opts: o.resolved(),
		conns:     make(map[int64]*Conn),
		listeners: make(map[net.Listener]struct{}),
		closing:   make(chan struct{}),
	}
	s.started = s.opts.Clock()
	kinds, ok := parseEvents(o.Events)
	if !ok {
		return nil, fmt.Errorf("server: Options.Events: %q is not of the letters KEAg$lshzxetdmn", o.Events)
	}
	s.saved.Store(s.started.Unix())
	s.runID = runID()
	s.params = parameters()
	s.setPassword(o.Password)
	s.limits.idle.Store(int64(s.opts.IdleTimeout / time.Second))
	s.limits.clients.Store(int64(s.opts.MaxClients))
	s.slow.slower.Store(s.opts.SlowLog.Slower.Microseconds())
	s.slow.length.Store(int64(s.opts.SlowLog.Length))
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for i := range s.buckets {
		s.buckets[i] = bucketsOf(i)
		s.strings[i], s.records[i] = db.Bucket(s.buckets[i].str), db.Bucket(s.buckets[i].meta)
	}
	if err := s.numbers.load(db); err != nil {
		return nil, err
	}
	switch _, err := db.Bucket(sysBucket).Get(databaseKey); {
	case err == nil:
		s.swapped.Store(true)
	case !errors.Is(err, engine.ErrNotFound):
		return nil, err
	}
	if err := s.findCollections(); err != nil {
		return nil, err
	}
	s.table = newTable(s.commands()...)
	s.post.init(s)
	s.post.onChanged = s.trackChanges
	s.tracking.max.Store(1_000_000)
	s.setEvents(kinds)
	var err error
	if s.loop, err = newEventLoop(s); err != nil {
		return nil, err
	}
	if s.loop != nil {
		s.start(s.loop.run)
	}
	s.start(s.watchOutputs)
	if s.opts.SweepEvery > 0 {
		s.start(s.sweepLoop)
	}
	return s, nil
}

func (s *Server) findCollections() error {
	return s.db.View(func(etx *engine.Tx) error {
		for i := range s.buckets {
			for range etx.Bucket(s.buckets[i].meta).Items(engine.Scan{}) {
				s.collections[i].Store(true)
				break
			}
		}
		return nil
	})
}

// commands assembles the command table, family by family.
func (s *Server) commands() [][]*Command {
	return [][]*Command{
		connectionCommands(),
		transactionCommands(),
		keyCommands(),
		expireCommands(),
		databaseCommands(),
		stringCommands(),
		bitCommands(),
		objectCommands(),
		dumpCommands(),
		sortCommands(),
		commandCommands(),
		hashCommands(),
		setCommands(),
		listCommands(),
		blockingListCommands(),
		zsetCommands(),
		zsetRangeCommands(),
		zsetPopCommands(),
		zsetAlgebraCommands(),
		hyperLogLogCommands(),
		geoCommands(),
		authCommands(),
		clientCommands(),
		pubsubCommands(),
		configCommands(),
		infoCommands(),
		adminCommands(),
		slowlogCommands(),
	}
}

// start runs a background goroutine until Shutdown.
func (s *Server) start(fn func(ctx context.Context)) {
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		fn(s.ctx)
	}()
}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("server: closed")

// Serve accepts connections until Shutdown, or until the listener fails. It
// closes the listener.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.isClosing() {
		s.mu.Unlock()
		_ = l.Close()
		return ErrServerClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
		_ = l.Close()
	}()
	for {
		nc, err := l.Accept()
		if err != nil {
			if s.isClosing() {
				return ErrServerClosed
			}
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() {
				continue
			}
			return err
		}
		if !s.enter() {
			_ = nc.Close()
			return ErrServerClosed
		}
		go func() {
			if s.loop != nil {
				if pc, err := netpoll.Detach(nc); err == nil {
					s.loop.serve(pc)
					return
				}
			}
			defer s.work.Done()
			s.ServeConn(nc)
		}()
	}
}

// enter counts a connection's work, unless Shutdown is waiting for its end already.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosing() {
		return false
	}
	s.work.Add(1)
	return true
}

// ServeConn serves one connection and closes it at its end.
func (s *Server) ServeConn(nc net.Conn) {
	c, refusal := s.register(nc)
	if c == nil {
		s.refuse(nc, refusal)
		_ = nc.Close()
		return
	}
	defer s.unregister(c)
	c.serve(nil, nil)
}

// register enters a connection, or returns the error that it is refused with.
func (s *Server) register(nc net.Conn) (c *Conn, refusal string) {
	s.stats.connections.Add(1)
	if s.protects(nc) {
		s.stats.denied.Add(1)
		return nil, errProtected
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosing() {
		return nil, ""
	}
	if int64(len(s.conns)) >= s.limits.clients.Load() {
		s.stats.rejected.Add(1)
		return nil, "ERR max number of clients reached"
	}
	s.lastID++
	c = newConn(s, s.lastID, nc)
	s.conns[c.id] = c
	return c, ""
}

func (s *Server) unregister(c *Conn) {
	c.teardown()
	s.mu.Lock()
	delete(s.conns, c.id)
	s.mu.Unlock()
}

func (s *Server) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// Shutdown stops accepting, lets every connection finish the commands that it has
// read from its socket, writes the replies and closes. When ctx ends first, what is left is cut
// off and its error returned. The database stays open.
func (s *Server) Shutdown(ctx context.Context) error {
	s.once.Do(func() {
		s.mu.Lock()
		close(s.closing)
		for l := range s.listeners {
			_ = l.Close()
		}
		for _, c := range s.conns {
			c.wake()
		}
		s.mu.Unlock()
		s.cancel()
		if s.loop != nil {
			s.loop.poller.Wake()
		}
	})
	done := make(chan struct{})
	go func() {
		s.work.Wait()
		s.post.drain()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	<-done
	return ctx.Err()
}

// validKey reports whether the engine can keep a key or element.
func (s *Server) validKey(key []byte) bool { return len(key) > 0 && len(key) <= s.opts.MaxKey }

func (s *Server) random() uint64 { return s.opts.Rand() }
