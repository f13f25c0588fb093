// Package hll reads and writes HyperLogLogs in the string form that Redis gives
// them, byte for byte: a value may come from a Redis server and go to one.
//
// A Sketch estimates how many different elements were added to it, with a standard
// error of 0.81 %. It is the value itself:
//
//	"HYLL"  encoding (1 byte)  3 zero bytes  cached count (8 bytes, little endian)  registers
//
// There are 16,384 registers. An element is hashed with MurmurHash64A; the low 14
// bits of the hash name a register, which keeps the longest run of zero bits seen in
// the others. The highest bit of the cached count says that it is out of date.
//
// Encoding 0 is dense: 6 bits for each register, 12,304 bytes in all. Encoding 1 is
// sparse, runs of equal registers, and becomes dense when a register does not fit its
// five bits or the value would pass 3,000 bytes:
//
//	00llllll            l+1 registers are 0
//	01llllll llllllll   l+1 registers are 0
//	1vvvvvll            l+1 registers are v+1
//
// The estimate is Ertl's ("New cardinality estimation algorithms for HyperLogLog
// sketches", arXiv:1702.01284), as in Redis since 5.0.
//
// # Concurrency
//
// A Sketch belongs to one goroutine while it is changed.
package hll
