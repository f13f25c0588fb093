package geo

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

var points = rapid.Custom(func(t *rapid.T) Point {
	return Point{rapid.Float64Range(-MaxLongitude, MaxLongitude).Draw(t, "lon"), rapid.Float64Range(-MaxLatitude, MaxLatitude).Draw(t, "lat")}
})

// A position that is read back is in the same cell.
func TestScoresKeepTheirCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := points.Draw(t, "p")
		q := At(p.Score())
		if p.Longitude < MaxLongitude && q.Score() != p.Score() {
			t.Fatalf("%v is read back as %v", p, q)
		}
		if d := Distance(p, q); d > 0.6 {
			t.Fatalf("%v is read back %v m away", p, d)
		}
	})
}

// A search misses nothing: whatever is in a circle of moderate size, away from the
// poles and the edges of the map, is in one of its ranges.
func TestRangesCoverTheSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		center := Point{rapid.Float64Range(-150, 150).Draw(t, "lon"), rapid.Float64Range(-60, 60).Draw(t, "lat")}
		s := Search{Center: center, Radius: rapid.Float64Range(0.1, 1000).Draw(t, "radius"), Unit: 1000, Box: rapid.Bool().Draw(t, "box")}
		s.Width, s.Height = 2*s.Radius, s.Radius
		reach := degrees(s.Radius * s.Unit / earth)
		p := At(Point{center.Longitude + rapid.Float64Range(-2, 2).Draw(t, "x")*reach, center.Latitude + rapid.Float64Range(-1, 1).Draw(t, "y")*reach}.Score())
		if _, ok := s.Holds(p); !ok {
			return
		}
		for _, r := range s.Ranges() {
			if score := p.Score(); score >= r[0] && score < r[1] {
				return
			}
		}
		t.Fatalf("%v is in the search %+v but in none of %v", p, s, s.Ranges())
	})
}

func TestScoresOfNoPoint(t *testing.T) {
	for _, f := range []float64{-1, 1.5, math.Inf(1), math.Inf(-1), math.NaN(), 1e300, -1e300, 1 << 63, 1 << 53} {
		if p := At(f); !p.Valid() {
			t.Errorf("%v is at %v", f, p)
		}
	}
}

func TestDegree(t *testing.T) {
	if degree != 0.017453292519943295 {
		t.Error(degree)
	}
}

func ExampleDistance() {
	palermo, catania := Point{13.361389, 38.115556}, Point{15.087269, 37.502669}
	fmt.Printf("%.0f m\n", Distance(palermo, catania))
	fmt.Println(At(palermo.Score()).Hash())
	// Output:
	// 166274 m
	// sqc8b49rny0
}
