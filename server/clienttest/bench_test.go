package clienttest

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/server/difftest"
)

// rounds is how often each figure is taken, the two servers in turn; the median
// counts.
const rounds = 5

// besideRedis is what BenchmarkBesideRedis measures: options of redis-benchmark, and
// the command, where it is none of its own tests. Keys are of 100,000, values of 128
// bytes; collections have up to some hundred elements, as a queue's or a user's have.
var besideRedis = []struct {
	name, options, command string
	n                      int
}{
	{"SET, 1 client", "-t set -c 1", "", 3000},
	{"SET, 50 clients", "-t set", "", 40000},
	{"GET, 50 clients", "-t get", "", 60000},
	{"SET, 50 clients, -P 16", "-t set -P 16", "", 200000},
	{"GET, 50 clients, -P 16", "-t get -P 16", "", 400000},
	{"INCR, 50 clients", "-t incr", "", 40000},
	{"HSET, 50 clients", "-r 1000", "HSET hash:__rand_int__ field:__rand_int__ value", 40000},
	{"SADD, 50 clients", "-r 1000", "SADD set:__rand_int__ member:__rand_int__", 40000},
	{"ZADD, 50 clients", "-r 1000", "ZADD zset:__rand_int__ __rand_int__ member:__rand_int__", 40000},
	{"LPUSH, 50 clients", "", "LPUSH queue job:__rand_int__", 40000},
	{"RPOP, 50 clients", "", "RPOP queue", 40000},
	{"HGETALL of 1,000, 1 client", "-c 1", "HGETALL hash", 2000},
	{"ZRANGE of 100, 1 client", "-c 1", "ZRANGE zset 450 549", 10000},
	{"LRANGE of 1,000, 1 client", "-c 1", "LRANGE list 0 -1", 2000},
}

// BenchmarkBesideRedis runs redis-benchmark over loopback against kvctl serve and
// a redis-server that syncs as we do (appendfsync always), in turn, both empty at
// the beginning, and prints the medians of requests per second with their ratio,
// and of the processor time that a request takes in the server, which other load
// on the machine disturbs less.
//
//	go test ./server/clienttest -run '^$' -bench BesideRedis -benchtime 1x
func BenchmarkBesideRedis(b *testing.B) {
	if _, err := exec.LookPath("redis-benchmark"); err != nil {
		b.Skip(err)
	}
	redis, err := difftest.StartRedis(b.TempDir(), "--appendonly", "yes", "--appendfsync", "always", "--save", "")
	if err != nil {
		b.Skip(err)
	}
	defer redis.Stop()
	ours := serve(b, b.TempDir())
	large(b, ours.addr)
	large(b, redis.Addr)
	for _, test := range besideRedis {
		var a, r, ratios, cpuA, cpuR []float64
		for range rounds {
			x, cpu := perSecond(b, ours.addr, test.options, test.command, test.n)
			a, cpuA = append(a, x), append(cpuA, cpu)
			y, cpu := perSecond(b, redis.Addr, test.options, test.command, test.n)
			r, cpuR = append(r, y), append(cpuR, cpu)
			ratios = append(ratios, x/y)
		}
		fmt.Printf("%-28s %8.0f/s, redis %8.0f/s, ratio %.2f (%.2f to %.2f); processor %.1f us, redis %.1f us\n",
			test.name, median(a), median(r), median(ratios), slices.Min(ratios), slices.Max(ratios), median(cpuA), median(cpuR))
	}
}

// large makes the collections of 1,000 elements that are read whole.
func large(b *testing.B, addr string) {
	b.Helper()
	c, err := difftest.Dial(addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	hash, zset, list := []string{"HSET", "hash"}, []string{"ZADD", "zset"}, []string{"RPUSH", "list"}
	for i := range 1000 {
		hash = append(hash, fmt.Sprintf("field%06d", i), fmt.Sprintf("value%06d", i))
		zset = append(zset, fmt.Sprint(i), fmt.Sprintf("member%06d", i))
		list = append(list, fmt.Sprintf("elem%06d", i))
	}
	for _, args := range [][]string{hash, zset, list} {
		if r, err := c.Do(args...); err != nil || r.Kind == difftest.Error {
			b.Fatal(r, err)
		}
	}
}

var figure = regexp.MustCompile(`([0-9.]+) requests per second`)

// perSecond runs redis-benchmark with n requests. It also returns the microseconds
// of processor time that one takes in the server.
func perSecond(b *testing.B, addr, options, command string, n int) (rate, micros float64) {
	b.Helper()
	_, port, _ := net.SplitHostPort(addr)
	pid := processOf(b, addr)
	before := processorTime(pid)
	args := []string{"-p", port, "-q", "-d", "128", "-r", "100000", "-n", strconv.Itoa(n)}
	args = append(append(args, strings.Fields(options)...), strings.Fields(command)...)
	out, err := exec.Command("redis-benchmark", args...).CombinedOutput()
	m := figure.FindSubmatch(out)
	if err != nil || m == nil {
		b.Fatalf("%v\n%s", err, out)
	}
	rate, _ = strconv.ParseFloat(string(m[1]), 64)
	return rate, (processorTime(pid) - before) / float64(n)
}

// processorTime is what a process has used, in microseconds; Linux counts in
// hundredths of a second.
func processorTime(pid string) float64 {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) * 10_000
}

func median(f []float64) float64 {
	f = slices.Sorted(slices.Values(f))
	return f[len(f)/2]
}

// BenchmarkMemoryBesideRedis prints what a million strings and 2,000 idle
// connections add to the resident memory of both servers.
//
//	go test ./server/clienttest -run '^$' -bench MemoryBesideRedis -benchtime 1x
func BenchmarkMemoryBesideRedis(b *testing.B) {
	redis, err := difftest.StartRedis(b.TempDir(), "--save", "")
	if err != nil {
		b.Skip(err)
	}
	defer redis.Stop()
	ours := serve(b, b.TempDir())
	for _, s := range []struct {
		name, addr string
	}{{"kvctl", ours.addr}, {"redis", redis.Addr}} {
		before := residentOf(b, s.addr)
		fill(b, s.addr, 1_000_000)
		keys := residentOf(b, s.addr)
		var idle []net.Conn
		for range 2000 {
			c := benchDial(b, s.addr)
			benchPing(b, c)
			idle = append(idle, c)
		}
		conns := residentOf(b, s.addr)
		for _, c := range idle {
			_ = c.Close()
		}
		fmt.Printf("%s: %d bytes for each of a million strings (16 B keys, 32 B values), %d KiB for an idle connection\n",
			s.name, (keys-before)/1_000_000, (conns-keys)>>10/2000)
	}
}

func benchDial(b *testing.B, addr string) net.Conn {
	b.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func benchPing(b *testing.B, c net.Conn) {
	b.Helper()
	_, _ = c.Write([]byte("PING\r\n"))
	var reply [7]byte
	if _, err := c.Read(reply[:]); err != nil {
		b.Fatal(err)
	}
}

// processOf asks a server for its process.
func processOf(b *testing.B, addr string) string {
	b.Helper()
	c := benchDial(b, addr)
	defer func() { _ = c.Close() }()
	_, _ = c.Write([]byte("INFO server\r\nQUIT\r\n"))
	var info bytes.Buffer
	_, _ = info.ReadFrom(c)
	m := regexp.MustCompile(`process_id:(\d+)`).FindSubmatch(info.Bytes())
	if m == nil {
		b.Fatalf("no process_id in %s", info.String())
	}
	return string(m[1])
}

// residentOf is the resident memory of a server, in bytes.
func residentOf(b *testing.B, addr string) int64 {
	b.Helper()
	status, err := os.ReadFile("/proc/" + processOf(b, addr) + "/status")
	if err != nil {
		b.Skip(err)
	}
	kb, _ := strconv.ParseInt(string(regexp.MustCompile(`VmRSS:\s+(\d+)`).FindSubmatch(status)[1]), 10, 64)
	return kb << 10
}

// fill sets n keys of 16 bytes to values of 32, in pipelines.
func fill(b *testing.B, addr string, n int) {
	b.Helper()
	c := benchDial(b, addr)
	defer func() { _ = c.Close() }()
	rd := bufio.NewReader(c)
	const pipeline = 1000
	for i := 0; i < n; i += pipeline {
		var out bytes.Buffer
		for j := range pipeline {
			fmt.Fprintf(&out, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$32\r\n%032d\r\n", i+j, i+j)
		}
		if _, err := c.Write(out.Bytes()); err != nil {
			b.Fatal(err)
		}
		for range pipeline {
			if line, err := rd.ReadString('\n'); err != nil || line[0] != '+' {
				b.Fatal(line, err)
			}
		}
	}
}
