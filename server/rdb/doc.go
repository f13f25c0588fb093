// Package rdb reads and writes the payloads of DUMP and RESTORE: one value in the
// format of Redis's RDB files, with a version and a checksum behind it.
//
//	1 byte    type
//	n bytes   value
//	2 bytes   RDB version, little-endian
//	8 bytes   CRC-64 (Jones) of all before it, little-endian
//
// Append writes the plainest form of each type, which every Redis since 4.0 reads:
// strings as they are (numbers as numbers, nothing compressed), lists, sets and
// hashes element by element, scores as binary doubles. Decode reads what Redis 7.2
// and those before it write of strings, lists, sets, sorted sets and hashes:
// compressed strings, intsets, ziplists, listpacks and quicklists. Streams and
// modules' types it refuses.
//
// Payloads come from clients. Decode reads nothing outside of its argument, trusts
// no length in it, and uses memory in proportion to it (a compressed string may be
// some hundred times longer than its payload, and not more).
package rdb
