package server

import (
	"cmp"
	"math"
	"slices"

	"github.com/redis-lite/redis-lite/server/geo"
)

// geoForm is which of the searching commands runs.
type geoForm byte

const (
	geoRadius geoForm = iota
	geoRadiusRO
	geoMember
	geoMemberRO
	geoSearch
	geoSearchStore
)

// byOptions reports whether options say where the search is.
func (f geoForm) byOptions() bool { return f == geoSearch || f == geoSearchStore }

// geoQuery is what a search asks for.
type geoQuery struct {
	geo.Search
	form geoForm

	dist, hash, coord bool
	order             int   // 1 nearest first, -1 farthest first, 0 as they come
	count             int64 // 0 for all
	any               bool  // the first that are found
	store             []byte
	storeDist         bool // distances become scores

	member, point, circle, box bool // options that GEOSEARCH has had
}

var errNoPosition = Reply("ERR could not decode requested zset member")

// geoFound is a member in the area.
type geoFound struct {
	Scored
	at       geo.Point
	distance float64 // metres
}

func (c *Call) runGeoSearch(form geoForm) {
	source := 1
	if form == geoSearchStore {
		source = 2
	}
	z, ok := c.openKey(c.Args[source], KindZset)
	if !ok {
		return
	}
	q := geoQuery{form: form}
	if err := c.parseGeo(&q, z); err != nil {
		c.Fail(err)
		return
	}
	found := q.find(z)
	if q.store != nil {
		list := make([]Scored, len(found))
		for i, f := range found {
			list[i] = f.Scored
			if q.storeDist {
				list[i].Score = f.distance / q.Unit
			}
		}
		event := "georadiusstore"
		if form == geoSearchStore {
			event = "geosearchstore"
		}
		c.storeScored(q.store, list, event)
		return
	}
	width := 1
	for _, with := range [...]bool{q.dist, q.hash, q.coord} {
		if with {
			width++
		}
	}
	c.Array(len(found))
	for _, f := range found {
		if width > 1 {
			c.Array(width)
		}
		c.Bulk(f.Member)
		if q.dist {
			c.distance(f.distance / q.Unit)
		}
		if q.hash {
			c.Int(int64(f.Score))
		}
		if q.coord {
			c.position(f.at)
		}
	}
}

// find returns the members in the area, in order and as many as are wanted. Those
// equally far away are in the order of their cells.
func (q *geoQuery) find(z *Collection) (found []geoFound) {
	if z.Len() == 0 {
		return nil
	}
search:
	for _, r := range q.Ranges() {
		for s := range z.ScoreRange(r[0], r[1], false) {
			if s.Score >= r[1] {
				break
			}
			at := geo.At(s.Score)
			if d, ok := q.Holds(at); ok {
				found = append(found, geoFound{s, at, d})
			}
			if q.any && int64(len(found)) >= q.count {
				break search
			}
		}
	}
	order := q.order
	if order == 0 && q.count != 0 && !q.any {
		order = 1 // the nearest ones
	}
	if order != 0 {
		slices.SortStableFunc(found, func(a, b geoFound) int { return order * cmp.Compare(a.distance, b.distance) })
	}
	if q.count != 0 && int64(len(found)) > q.count {
		found = found[:q.count]
	}
	return found
}

// parseGeo reads the arguments. Of a key that is not there no member has a
// position, which is no error.
func (c *Call) parseGeo(q *geoQuery, z *Collection) (err error) {
	rest := 2 // where the options begin
	switch q.form {
	case geoRadius, geoRadiusRO:
		rest = 6
		if q.Center, err = c.parsePoint(2); err != nil {
			return err
		}
		err = c.parseRadius(q, 4)
	case geoMember, geoMemberRO:
		rest = 5
		if z.Len() > 0 {
			if q.Center, err = geoCenter(z, c.Args[2]); err != nil {
				return err
			}
			err = c.parseRadius(q, 3)
		}
	case geoSearchStore:
		rest = 3
		q.store = c.Args[1]
	}
	if err != nil {
		return err
	}
	for i := rest; i < len(c.Args); {
		n, err := c.parseGeoOption(q, z, i)
		if err != nil {
			return err
		}
		i += n
	}
	name := printableWord(c.Args[0])
	switch {
	case q.store != nil && (q.dist || q.hash || q.coord):
		what := "STORE option in GEORADIUS"
		if q.form == geoSearchStore {
			what = "GEOSEARCHSTORE"
		}
		return Reply("ERR " + what + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case q.form.byOptions() && !q.member && !q.point:
		return Reply("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name)
	case q.form.byOptions() && !q.circle && !q.box:
		return Reply("ERR exactly one of BYRADIUS and BYBOX can be specified for " + name)
	case q.any && q.count == 0:
		return Reply("ERR the ANY argument requires COUNT argument")
	}
	return nil
}

// parseGeoOption reads the option at i and returns how many arguments it has.
func (c *Call) parseGeoOption(q *geoQuery, z *Collection, i int) (n int, err error) {
	left := len(c.Args) - i - 1
	stores := q.form == geoRadius || q.form == geoMember
	switch {
	case c.Is(i, "withdist"):
		q.dist = true
	case c.Is(i, "withhash"):
		q.hash = true
	case c.Is(i, "withcoord"):
		q.coord = true
	case c.Is(i, "any"):
		q.any = true
	case c.Is(i, "asc"):
		q.order = 1
	case c.Is(i, "desc"):
		q.order = -1
	case c.Is(i, "count") && left > 0:
		if q.count, err = c.parseInt(i + 1); err == nil && q.count <= 0 {
			err = Reply("ERR COUNT must be > 0")
		}
		return 2, err
	case (c.Is(i, "store") || c.Is(i, "storedist")) && left > 0 && stores:
		q.store, q.storeDist = c.Args[i+1], c.Is(i, "storedist")
		return 2, nil
	case c.Is(i, "storedist") && q.form == geoSearchStore:
		q.storeDist = true
	case c.Is(i, "frommember") && left > 0 && q.form.byOptions() && !q.point:
		q.member = true
		if z.Len() > 0 {
			q.Center, err = geoCenter(z, c.Args[i+1])
		}
		return 2, err
	case c.Is(i, "fromlonlat") && left > 1 && q.form.byOptions() && !q.member:
		q.point = true
		q.Center, err = c.parsePoint(i + 1)
		return 3, err
	case c.Is(i, "byradius") && left > 1 && q.form.byOptions() && !q.box:
		q.circle = true
		return 3, c.parseRadius(q, i+1)
	case c.Is(i, "bybox") && left > 2 && q.form.byOptions() && !q.circle:
		q.box, q.Box = true, true
		return 4, c.parseBox(q, i+1)
	default:
		return 0, ErrSyntax
	}
	return 1, nil
}

func geoCenter(z *Collection, member []byte) (p geo.Point, err error) {
	score, ok := z.Score(member)
	if !ok {
		return p, errNoPosition
	}
	return geo.At(score), nil
}

// parseRadius reads a radius and its unit.
func (c *Call) parseRadius(q *geoQuery, i int) (err error) {
	var ok bool
	if q.Radius, ok = parseDouble(c.Args[i]); !ok {
		return Reply("ERR need numeric radius")
	}
	if q.Radius < 0 {
		return Reply("ERR radius cannot be negative")
	}
	q.Unit, err = c.parseUnit(i + 1)
	return err
}

// parseBox reads a width, a height and their unit.
func (c *Call) parseBox(q *geoQuery, i int) (err error) {
	var ok, ok2 bool
	if q.Width, ok = parseDouble(c.Args[i]); !ok {
		return Reply("ERR need numeric width")
	}
	if q.Height, ok2 = parseDouble(c.Args[i+1]); !ok2 {
		return Reply("ERR need numeric height")
	}
	if math.Min(q.Width, q.Height) < 0 {
		return Reply("ERR height or width cannot be negative")
	}
	q.Unit, err = c.parseUnit(i + 2)
	return err
}
