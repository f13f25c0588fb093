package geo

import "math"

// earth is the radius that Redis counts with, in metres.
const earth = 6372797.560856

// Distance is along the great circle, in metres.
func Distance(a, b Point) float64 {
	v := math.Sin((radians(b.Longitude) - radians(a.Longitude)) / 2)
	if v == 0 {
		return meridian(a.Latitude, b.Latitude)
	}
	lat1, lat2 := radians(a.Latitude), radians(b.Latitude)
	u := math.Sin((lat2 - lat1) / 2)
	h := float64(u*u) + float64(math.Cos(lat1)*math.Cos(lat2)*v*v)
	return 2 * earth * math.Asin(math.Sqrt(h))
}

// meridian is the distance of two latitudes.
func meridian(a, b float64) float64 { return earth * math.Abs(radians(b)-radians(a)) }
