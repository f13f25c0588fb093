// Package stats counts what a store holds and what its log did, in groups: by
// prefix of the keys, by type of operation, by size of the values, by time. It
// reads the log and the newest state once or twice each, in order, and holds one
// row for each group; groups beyond a bound are counted together.
package stats
