// Package geo is the arithmetic of Redis's geo commands: positions as scores of a
// sorted set, distances, and which scores a search has to look at.
//
// A position is a cell of 52 bits: 26 of the longitude and 26 of the latitude,
// interleaved, which as a score of a sorted set keeps neighbours together. Cells are
// 0.6 m wide or less; a position that is read back is the centre of its cell. As in
// Redis latitudes end at ±85.05112878°, where the map of the web does.
//
// Distances are along great circles on a sphere of 6,372,797.560856 m. They agree
// with those of Redis to about one part in 10^15: sines are not the same to the last
// bit in every library.
//
// All functions are pure.
package geo
