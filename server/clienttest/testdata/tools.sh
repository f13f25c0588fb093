#!/usr/bin/env bash
# A session of redis-cli and redis-benchmark against the server at HOST, PORT.
# Every line is shown; the first one that does not answer as expected ends it.
set -eu -o pipefail
cli() { redis-cli -h "$HOST" -p "$PORT" "$@"; }

# want EXPECTED ARGUMENTS...: the answer begins with EXPECTED.
want() {
	local expected=$1 got
	shift
	got=$(cli "$@" 2>&1)
	printf '$ redis-cli %s\n%s\n' "$*" "$got" | head -12
	case $got in
	"$expected"*) ;;
	*) echo "^ expected $expected"; exit 1 ;;
	esac
}

want PONG ping
want OK set greeting "hello world"
want "hello world" get greeting
want 3 incrby counter 3
want OK set session abc EX 100
want 100 ttl session
want "ERR value is not an integer" incr greeting
want "ERR unknown command 'nonsense'" nonsense
want "# Server" info server
want "# Keyspace" info keyspace
want 3 dbsize
want "server" -3 hello 3
want maxclients config get maxclients
want OK config set slowlog-log-slower-than 0
want "ERR unknown command 'eval'" eval "return 1" 0
want OK config set slowlog-log-slower-than 10000
want id= client list

echo '$ redis-cli < commands'
printf 'SET a 1\nSET b 2\nMGET a b\nDEL a b\n' | cli

echo '$ redis-cli --scan --pattern "s*"'
cli --scan --pattern 's*'

echo '$ redis-cli --bigkeys'
cli --bigkeys | tail -8

echo '$ redis-cli --pipe'
for i in $(seq 1 1000); do printf 'SET pipe:%d %d\r\n' "$i" "$i"; done | cli --pipe

echo '$ redis-benchmark'
redis-benchmark -h "$HOST" -p "$PORT" -q -n 2000 -c 20 -t ping,set,get,incr,mset | tr '\r' '\n' | grep 'requests per second'
redis-benchmark -h "$HOST" -p "$PORT" -q -n 20000 -c 20 -P 16 -t set,get,incr | tr '\r' '\n' | grep 'requests per second'
want OK flushall
echo "the tools are content"
