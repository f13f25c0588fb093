package geo

import "math"

// Bounds of what has a cell, in degrees.
const (
	MaxLongitude = 180
	MaxLatitude  = 85.05112878
)

// maxStep is the bits of each coordinate in a score.
const maxStep = 26

// Point is a position in degrees.
type Point struct{ Longitude, Latitude float64 }

// Valid reports whether a point has a cell.
func (p Point) Valid() bool {
	return p.Longitude >= -MaxLongitude && p.Longitude <= MaxLongitude && p.Latitude >= -MaxLatitude && p.Latitude <= MaxLatitude
}

// Score is the cell of a valid point, as the score of a sorted set.
func (p Point) Score() float64 { return float64(cellOf(p, maxStep, MaxLatitude).bits) }

// At is the centre of the cell that a score names. Any score names one: those that
// no point has end at the edges of the map.
func At(score float64) Point {
	a := cell{toBits(score), maxStep}.area()
	return Point{
		min(max((a.west+a.east)/2, -MaxLongitude), MaxLongitude),
		min(max((a.south+a.north)/2, -MaxLatitude), MaxLatitude),
	}
}

// toBits converts a score as an x86 does, whatever it is.
func toBits(f float64) uint64 {
	const half = 1 << 63
	toInt := func(f float64) uint64 {
		if f >= -half && f < half {
			return uint64(int64(f))
		}
		return half
	}
	if f >= half {
		return toInt(f-half) ^ half
	}
	return toInt(f)
}

// Hash is the standard geohash of a point in 11 characters; the last is always 0,
// because there are bits for ten.
func (p Point) Hash() string {
	const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
	bits := cellOf(p, maxStep, 90).bits // its latitudes go to the poles
	var b [11]byte
	for i := range 10 {
		b[i] = alphabet[bits>>(52-5*(i+1))&31]
	}
	b[10] = alphabet[0]
	return string(b[:])
}

// cell is a square of the map: step bits of each coordinate, the latitude's in the
// even places from the right, the longitude's in the odd ones.
type cell struct {
	bits uint64
	step int
}

// cellOf is the cell of a point on a map that ends at a latitude.
func cellOf(p Point, step int, maxLatitude float64) cell {
	lat := (p.Latitude + maxLatitude) / (maxLatitude + maxLatitude)
	lon := (p.Longitude + MaxLongitude) / (2 * MaxLongitude)
	scale := float64(uint64(1) << step)
	return cell{spread(uint32(lat*scale)) | spread(uint32(lon*scale))<<1, step}
}

// spread puts zero bits between the bits of x.
func spread(x uint32) uint64 {
	v := uint64(x)
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
	v = (v | v<<2) & 0x3333333333333333
	return (v | v<<1) & 0x5555555555555555
}

// gather takes every second bit, beginning with the lowest.
func gather(v uint64) uint32 {
	v &= 0x5555555555555555
	v = (v | v>>1) & 0x3333333333333333
	v = (v | v>>2) & 0x0f0f0f0f0f0f0f0f
	v = (v | v>>4) & 0x00ff00ff00ff00ff
	v = (v | v>>8) & 0x0000ffff0000ffff
	return uint32(v | v>>16)
}

// area is a rectangle of the map, in degrees.
type area struct{ west, south, east, north float64 }

func (c cell) area() area {
	scale := float64(uint64(1) << c.step)
	edge := func(i uint32, max float64) float64 { return -max + float64(float64(i)/scale*(max+max)) }
	lat, lon := gather(c.bits), gather(c.bits>>1)
	return area{edge(lon, MaxLongitude), edge(lat, MaxLatitude), edge(lon+1, MaxLongitude), edge(lat+1, MaxLatitude)}
}

// moved is the cell so many cells to the east and to the north, round the world in
// both directions. What does not move stays as it is, even on the eastern edge of
// the map, whose points are in a cell behind the last.
func (c cell) moved(east, north int) cell {
	mask := uint32(uint64(1)<<c.step - 1)
	lat, lon := gather(c.bits), gather(c.bits>>1)
	if north != 0 {
		lat = (lat + uint32(north)) & mask
	}
	if east != 0 {
		lon = (lon + uint32(east)) & mask
	}
	return cell{spread(lat) | spread(lon)<<1, c.step}
}

// scores are the scores in a cell: from the first to before the second.
func (c cell) scores() (from, to float64) {
	shift := 52 - 2*c.step
	return float64(c.bits << shift), float64((c.bits + 1) << shift)
}

// degree is one in radians, as a division of two doubles gives it.
const degree = float64(math.Pi) / 180

func radians(degrees float64) float64 { return degrees * degree }

func degrees(radians float64) float64 { return radians / degree }
