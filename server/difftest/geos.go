package difftest

import (
	"fmt"
	"math"
	"strconv"
)

// geoFamily is the commands on positions. Some keys get scores that no position
// has. Members have places of their own, as far as they are not at a place of
// which there are several: which of two equally far comes first is only said where
// Redis says it.
func geoFamily() Family {
	key := func(g *Gen) string {
		if g.Chance(10) {
			return g.Key()
		}
		return g.OneOf("g1", "g2", "g3", "g1")
	}
	member := func(g *Gen) string { return fmt.Sprint("m", g.Number(0, 40)) }
	point := func(g *Gen) []string {
		if g.Chance(6) {
			return []string{g.Float(), g.Float()}
		}
		if g.Chance(12) {
			return []string{g.OneOf("180", "-180", "0", "179.9999999", "1e-9", "90"), g.OneOf("85.05112878", "-85.05112878", "0", "85.0511288", "-86", "66.1", "80.1")}
		}
		span := g.OneOfInt(1, 10, 1000)
		lon := float64(g.Number(-180*1000, 180*1000)) / 1000 / float64(span)
		lat := float64(g.Number(-85*1000, 85*1000)) / 1000 / float64(span)
		return []string{strconv.FormatFloat(lon, 'g', -1, 64), strconv.FormatFloat(lat, 'g', -1, 64)}
	}
	unit := func(g *Gen) string { return g.OneOf("m", "km", "km", "km", "ft", "mi", "KM", "yd") }
	length := func(g *Gen) string {
		if g.Chance(8) {
			return g.Float()
		}
		return g.OneOf("0", "1", "10", "100", "500", "1000", "2500.5", "5000", "12000", "20000", "30000", "0.5", "200")
	}
	options := func(g *Gen, more ...string) []string {
		return g.Options(append(more, "COUNT 3", "COUNT <small>", "COUNT 5 ANY", "ANY", "ASC", "DESC", "DESC", "ASC")...)
	}
	with := []string{"WITHDIST", "WITHDIST", "WITHCOORD", "WITHCOORD", "WITHHASH", "BAD"}
	search := func(g *Gen) []string {
		from := []string{"FROMMEMBER", member(g)}
		if g.Chance(60) {
			from = append([]string{"FROMLONLAT"}, point(g)...)
		}
		by := []string{"BYRADIUS", length(g), unit(g)}
		if g.Chance(50) {
			by = []string{"BYBOX", length(g), length(g), unit(g)}
		}
		if g.Chance(20) {
			from, by = by, from
		}
		return append(from, by...)
	}
	return Family{
		Name: "geos",
		Commands: []Command{
			{Name: "GEOADD", Weight: 20, Args: func(g *Gen) []string {
				out := append([]string{key(g)}, g.Options("NX", "XX", "CH", "CH", "GT")...)
				if g.Chance(20) {
					for i := range g.OneOfInt(15, 40) {
						out = append(append(out, point(g)...), fmt.Sprint("m", i))
					}
					return out
				}
				return append(out, g.Many(1, 4, func() []string { return append(point(g), member(g)) })...)
			}},
			{Name: "ZADD", Weight: 2, Args: func(g *Gen) []string {
				return []string{g.OneOf("g1", "g2", "g3"), g.OneOf("1.5", "-1", "inf", "-inf", "1e300", "4503599627370496", "9007199254740992", "1e19", "0"), "odd"}
			}},
			{Name: "GEODIST", Weight: 8, Args: func(g *Gen) []string {
				out := []string{key(g), member(g), member(g)}
				if g.Chance(60) {
					out = append(out, unit(g))
				}
				return out
			}},
			{Name: "GEOHASH", Args: func(g *Gen) []string {
				return append([]string{key(g)}, g.Many(0, 3, func() []string { return []string{g.OneOf(member(g), "odd")} })...)
			}},
			{Name: "GEOPOS", Args: func(g *Gen) []string {
				return append([]string{key(g)}, g.Many(0, 3, func() []string { return []string{g.OneOf(member(g), "odd")} })...)
			}},
			{Name: "GEOSEARCH", Weight: 20, Args: func(g *Gen) []string {
				return append(append([]string{key(g)}, search(g)...), options(g, with...)...)
			}},
			{Name: "GEOSEARCHSTORE", Weight: 6, Args: func(g *Gen) []string {
				return append(append([]string{key(g), key(g)}, search(g)...), options(g, "WITHDIST", "BAD")...)
			}},
			{Name: "GEOSEARCHSTORE", Weight: 6, Exact: true, Outside: true, Macro: storeDistances, Compare: scoresNear, Args: func(g *Gen) []string {
				return append(append([]string{"dist", key(g)}, search(g)...), append(options(g), "STOREDIST")...)
			}},
			{Name: "GEORADIUS", Weight: 4, Exact: true, Outside: true, Macro: storeDistances, Compare: scoresNear, Args: func(g *Gen) []string {
				return append(append(append([]string{key(g)}, point(g)...), length(g), unit(g)), append(options(g), "STOREDIST", "dist")...)
			}},
			{Name: "GEORADIUS", Weight: 6, Args: func(g *Gen) []string {
				return append(append(append([]string{key(g)}, point(g)...), length(g), unit(g)), options(g, append(with, "STORE g3", "STORE")...)...)
			}},
			{Name: "GEORADIUS_RO", Args: func(g *Gen) []string {
				return append(append(append([]string{key(g)}, point(g)...), length(g), unit(g)), options(g, append(with, "STORE g3")...)...)
			}},
			{Name: "GEORADIUSBYMEMBER", Weight: 6, Args: func(g *Gen) []string {
				return append([]string{key(g), member(g), length(g), unit(g)}, options(g, append(with, "STORE g3")...)...)
			}},
			{Name: "GEORADIUSBYMEMBER_RO", Args: func(g *Gen) []string {
				return append([]string{key(g), member(g), length(g), unit(g)}, options(g, append(with, "STORE g3")...)...)
			}},
			{Name: "COMMAND GETKEYS", Weight: 1, Exact: true, Args: func(g *Gen) []string {
				return g.Fill(g.OneOf("GEORADIUS a 1 1 1 m STORE b", "GEORADIUSBYMEMBER a m 1 m STORE b STOREDIST c", "GEORADIUS a 1 1 1 m", "GEOSEARCHSTORE a b x x x x x x", "PFMERGE a b c", "PFCOUNT a b"))
			}},
		},
	}
}

// storeDistances runs a command that makes distances scores of the key "dist", reads
// that and removes it.
func storeDistances(c *Conn, args []string) (Reply, error) {
	stored, err := c.Do(args...)
	if err != nil {
		return stored, err
	}
	out := Reply{Kind: Array, Elems: []Reply{stored}}
	for _, next := range [][]string{{"ZRANGE", "dist", "0", "-1"}, {"ZRANGE", "dist", "0", "-1", "WITHSCORES"}, {"DEL", "dist"}} {
		r, err := c.Do(next...)
		if err != nil {
			return r, err
		}
		out.Elems = append(out.Elems, r)
	}
	return out, nil
}

// scoresNear compares what storeDistances returns: sines are not the same to the
// last bit in every library, so that neither are distances.
func scoresNear(redis, ours Reply) bool {
	if redis.Kind != ours.Kind || len(redis.Elems) != len(ours.Elems) {
		return false
	}
	a, err := strconv.ParseFloat(redis.Text, 64)
	b, err2 := strconv.ParseFloat(ours.Text, 64)
	if len(redis.Elems) == 0 && err == nil && err2 == nil {
		return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(a))
	}
	for i := range redis.Elems {
		if !scoresNear(redis.Elems[i], ours.Elems[i]) {
			return false
		}
	}
	return redis.Text == ours.Text
}
