// Package clienttest holds tests of kvctl serve with the programs that people use:
// go-redis, ioredis, redis-cli and redis-benchmark; and with a kill in the middle
// of a load, and with requests that no program should send. It has no code of its
// own.
package clienttest
