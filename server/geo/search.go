package geo

import "math"

// Search is a circle or a box around a point.
type Search struct {
	Center Point
	// Box says that Width and Height are meant, and not Radius.
	Box                   bool
	Radius, Width, Height float64 // in units of Unit
	Unit                  float64 // in metres
}

// Holds reports whether a point is in the search, and how far it is from the
// centre, in metres. A box is one of distances: its height along the meridian, its
// width along the great circle at the point's own latitude.
func (s *Search) Holds(p Point) (distance float64, ok bool) {
	if !s.Box {
		distance = Distance(s.Center, p)
		return distance, !(distance > s.Radius*s.Unit) // one that is no number is in
	}
	if meridian(p.Latitude, s.Center.Latitude) > s.Height*s.Unit/2 {
		return 0, false
	}
	if Distance(p, Point{s.Center.Longitude, p.Latitude}) > s.Width*s.Unit/2 {
		return 0, false
	}
	return Distance(s.Center, p), true
}

// bounds is what the search can reach, as Redis has it.
func (s *Search) bounds() area {
	height, width := s.Radius, s.Radius
	if s.Box {
		height, width = s.Height/2, s.Width/2
	}
	height, width = s.Unit*height, s.Unit*width
	lat := degrees(height / earth)
	toPole := s.Center.Latitude + lat
	if s.Center.Latitude < 0 {
		toPole = s.Center.Latitude - lat
	}
	lon := degrees(width / earth / math.Cos(radians(toPole)))
	return area{s.Center.Longitude - lon, s.Center.Latitude - lat, s.Center.Longitude + lon, s.Center.Latitude + lat}
}

// step is how small cells may be so that nine of them cover a circle: range in
// metres.
func step(radius, latitude float64) int {
	if radius == 0 {
		return maxStep
	}
	const halfMap = 20037726.37
	n := -1
	for ; radius < halfMap; radius *= 2 {
		n++
	}
	if math.Abs(latitude) > 66 { // meridians are closer together
		n--
		if math.Abs(latitude) > 80 {
			n--
		}
	}
	return min(max(n, 1), maxStep)
}

// Ranges are the scores that the search has to look at, each from the first to
// before the second, in the order in which Redis looks: the cell of the centre and
// its neighbours.
func (s *Search) Ranges() (out [][2]float64) {
	radius := s.Radius
	if s.Box {
		radius = math.Sqrt(float64(s.Width/2*(s.Width/2)) + float64(s.Height/2*(s.Height/2)))
	}
	reach := s.bounds()
	n := step(radius*s.Unit, s.Center.Latitude)
	home := cellOf(s.Center, n, MaxLatitude)
	if n > 1 && !home.covers(reach) {
		n--
		home = cellOf(s.Center, n, MaxLatitude)
	}
	own := home.area()
	var last *cell
	for i, d := range [...][2]int{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}} {
		if n >= 2 && i > 0 && (d[1] < 0 && own.south < reach.south || d[1] > 0 && own.north > reach.north ||
			d[0] < 0 && own.west < reach.west || d[0] > 0 && own.east > reach.east) {
			continue // the search does not get there
		}
		c := home.moved(d[0], d[1])
		// Large cells have few neighbours: the next one may be the same again.
		if last != nil && *last == c {
			continue
		}
		from, to := c.scores()
		out = append(out, [2]float64{from, to})
		if i > 0 {
			last = &c
		}
	}
	return out
}

// covers reports whether a cell and its neighbours reach as far as the search.
func (c cell) covers(reach area) bool {
	return !(c.moved(0, 1).area().north < reach.north || c.moved(0, -1).area().south > reach.south ||
		c.moved(1, 0).area().east < reach.east || c.moved(-1, 0).area().west > reach.west)
}
