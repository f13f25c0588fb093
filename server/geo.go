package server

import (
	"math"
	"strconv"

	"github.com/redis-lite/redis-lite/server/geo"
)

// geoCommands are those of positions, which are scores of a sorted set.
func geoCommands() []*Command {
	g := func(name string, arity int, flags Flag, last int, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: last, Step: 1, Group: GroupGeo,
			Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	const circle = "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index."
	const shape = "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape"
	radius := g("georadius", -6, Write|DenyOOM|MovableKeys, 1, "3.2.0", circle, "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.", func(c *Call) { c.runGeoSearch(geoRadius) })
	byMember := g("georadiusbymember", -5, Write|DenyOOM|MovableKeys, 1, "3.2.0", circle, "Queries a geospatial index for members within a distance from a member, optionally stores the result.", func(c *Call) { c.runGeoSearch(geoMember) })
	radius.Keys, byMember.Keys = geoRadiusKeys, geoRadiusKeys
	return []*Command{
		g("geoadd", -5, Write|DenyOOM, 1, "3.2.0", "O(log(N)) for each item added, where N is the number of elements in the sorted set.", "Adds one or more members to a geospatial index. The key is created if it doesn't exist.", runGeoAdd),
		g("geodist", -4, ReadOnly, 1, "3.2.0", "O(1)", "Returns the distance between two members of a geospatial index.", runGeoDist),
		g("geohash", -2, ReadOnly, 1, "3.2.0", "O(1) for each member requested.", "Returns members from a geospatial index as geohash strings.", func(c *Call) {
			c.eachPosition(c.Null, func(p geo.Point) { c.BulkString(p.Hash()) })
		}),
		g("geopos", -2, ReadOnly, 1, "3.2.0", "O(1) for each member requested.", "Returns the longitude and latitude of members from a geospatial index.", func(c *Call) {
			c.eachPosition(c.NullArray, c.position)
		}),
		g("geosearch", -7, ReadOnly, 1, "6.2.0", shape, "Queries a geospatial index for members inside an area of a box or a circle.", func(c *Call) { c.runGeoSearch(geoSearch) }),
		g("geosearchstore", -8, Write|DenyOOM, 2, "6.2.0", shape, "Queries a geospatial index for members inside an area of a box or a circle, optionally stores the result.", func(c *Call) { c.runGeoSearch(geoSearchStore) }),
		radius, byMember,
		g("georadius_ro", -6, ReadOnly, 1, "3.2.10", circle, "Returns members from a geospatial index that are within a distance from a coordinate.", func(c *Call) { c.runGeoSearch(geoRadiusRO) }),
		g("georadiusbymember_ro", -5, ReadOnly, 1, "3.2.10", circle, "Returns members from a geospatial index that are within a distance from a member.", func(c *Call) { c.runGeoSearch(geoMemberRO) }),
	}
}

// geoRadiusKeys finds the key and, when the result is stored, its destination; both,
// when two are named.
func geoRadiusKeys(args [][]byte) ([]int, bool) {
	places := []int{1}
	for _, word := range [...]string{"store", "storedist"} {
		for i := 5; i+1 < len(args); i++ {
			if equalFold(args[i], word) {
				places = append(places, i+1)
				break
			}
		}
	}
	return places, true
}

// runGeoAdd is ZADD with scores that it works out.
func runGeoAdd(c *Call) {
	at, nx, xx := 2, false, false
options:
	for ; at < len(c.Args); at++ {
		switch {
		case c.Is(at, "nx"):
			nx = true
		case c.Is(at, "xx"):
			xx = true
		case !c.Is(at, "ch"):
			break options
		}
	}
	if (len(c.Args)-at)%3 != 0 || nx && xx {
		c.Fail(ErrSyntax)
		return
	}
	args := append([][]byte(nil), c.Args[:at]...)
	for i := at; i < len(c.Args); i += 3 {
		p, err := c.parsePoint(i)
		if err != nil {
			c.Fail(err)
			return
		}
		args = append(args, strconv.AppendUint(nil, uint64(p.Score()), 10), c.Args[i+2])
	}
	own := c.Args
	c.Args = args
	defer func() { c.Args = own }()
	runZAdd(c)
}

// parsePoint reads a longitude and a latitude.
func (c *Call) parsePoint(i int) (p geo.Point, err error) {
	var ok, ok2 bool
	if p.Longitude, ok = parseDouble(c.Args[i]); ok {
		p.Latitude, ok2 = parseDouble(c.Args[i+1])
	}
	if !ok || !ok2 {
		return p, ErrNotFloat
	}
	if !p.Valid() {
		return p, Reply("ERR invalid longitude,latitude pair " + sixDigits(p.Longitude) + "," + sixDigits(p.Latitude))
	}
	return p, nil
}

// sixDigits writes a number as C's %f.
func sixDigits(f float64) string {
	if math.IsInf(f, 0) {
		return map[bool]string{true: "inf", false: "-inf"}[f > 0]
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// parseUnit reads a unit of length, in metres.
func (c *Call) parseUnit(i int) (metres float64, err error) {
	for _, u := range [...]struct {
		name   string
		metres float64
	}{{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}} {
		if c.Is(i, u.name) {
			return u.metres, nil
		}
	}
	return 0, Reply("ERR unsupported unit provided. please use M, KM, FT, MI")
}

func runGeoDist(c *Call) {
	unit := 1.0
	switch {
	case len(c.Args) > 5:
		c.Fail(ErrSyntax)
		return
	case len(c.Args) == 5:
		var err error
		if unit, err = c.parseUnit(4); err != nil {
			c.Fail(err)
			return
		}
	}
	z, ok := c.open(KindZset)
	if !ok {
		return
	}
	a, ok := z.Score(c.Args[2])
	b, ok2 := z.Score(c.Args[3])
	if !ok || !ok2 {
		c.Null()
		return
	}
	c.distance(geo.Distance(geo.At(a), geo.At(b)) / unit)
}

// distance answers a length with four digits behind the point.
func (c *Call) distance(d float64) {
	const digits = 10_000
	n := int64(math.RoundToEven(d * digits))
	b := strconv.AppendInt(nil, n/digits, 10)
	b = append(b, '.')
	b = append(b, strconv.Itoa(digits + int(n%digits))[1:]...)
	c.Bulk(b)
}

// eachPosition answers something for each member that is named, and null for one
// that is not there.
func (c *Call) eachPosition(null func(), emit func(geo.Point)) {
	z, ok := c.open(KindZset)
	if !ok {
		return
	}
	c.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		if score, ok := z.Score(m); ok {
			emit(geo.At(score))
		} else {
			null()
		}
	}
}

// position answers a point, with 17 digits behind the points.
func (c *Call) position(p geo.Point) {
	c.Array(2)
	for _, f := range [...]float64{p.Longitude, p.Latitude} {
		text := formatHuman(f)
		if c.Proto() == 3 {
			c.Raw([]byte("," + text + "\r\n"))
		} else {
			c.BulkString(text)
		}
	}
}
