// Package gallery makes damaged stores: for each hard case of a log (see package
// fuzz/hardcases) a directory as a crash, a disk or its owner leaves it. What
// kvctl says of each is held by golden files, which a person can read; and what
// it says is lost is held against the list of the writer, who made the commits
// and knows which of them were acknowledged.
//
// Every directory is made by code, from a fixed clock and fixed seeds: the same
// bytes each time. The story is that of a small shop, one commit for each order.
package gallery
