package server

import "testing"

func TestGeo(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"geoadd sicily 13.361389 38.115556 palermo 15.087269 37.502669 catania", "2",
		"geoadd sicily nx 1 1 palermo", "0",
		"geoadd sicily xx ch 13.5 38 palermo 1 1 nowhere", "1",
		"geoadd sicily ch 13.361389 38.115556 palermo", "1",
		"geodist sicily palermo catania", `"166274.1516"`,
		"geodist sicily palermo catania km", `"166.2742"`,
		"geodist sicily palermo catania MI", `"103.3182"`,
		"geodist sicily palermo none", "nil",
		"geodist none a b", "nil",
		"geohash sicily palermo none catania", `["sqc8b49rny0" nil "sqdtr74hyu0"]`,
		"geopos sicily palermo none", `[["13.36138933897018433" "38.11555639549629859"] nil]`,
		"georadius sicily 15 37 200 km withdist", `[["palermo" "190.4424"] ["catania" "56.4413"]]`,
		"georadius sicily 15 37 200 km withdist withhash asc count 1", `[["catania" "56.4413" 3479447370796909]]`,
		"georadiusbymember sicily palermo 200 km desc", `["catania" "palermo"]`,
		"geosearch sicily fromlonlat 15 37 bybox 400 400 km asc", `["catania" "palermo"]`,
		"geosearch sicily frommember palermo byradius 10 m", `["palermo"]`,
		"geosearchstore near sicily fromlonlat 15 37 byradius 100 km", "1",
		"zrange near 0 -1 withscores", `["catania" "3479447370796909"]`,
		"georadius sicily 15 37 1 m store near", "0",
		"exists near", "0",
		"geosearch none fromlonlat 15 37 byradius 1 m", "[]",
	)
	c.do("hello", "3")
	c.want("geopos sicily palermo none", "[[,13.36138933897018433 ,38.11555639549629859] nil]")
}

func TestGeoErrors(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"geoadd k 1 1 a", "1",
		"set str v", "OK",
		"geoadd str 1 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value",
		"geosearch str x x x x x", "-WRONGTYPE Operation against a key holding the wrong kind of value",
		"geoadd k 181 1 a", "-ERR invalid longitude,latitude pair 181.000000,1.000000",
		"geoadd k inf 86 a", "-ERR invalid longitude,latitude pair inf,86.000000",
		"geoadd k x 1 a", "-ERR value is not a valid float",
		"geoadd k 1 1 a 2 2", "-ERR syntax error",
		"geoadd k nx xx 1 1 a", "-ERR syntax error",
		"geodist k a a yd", "-ERR unsupported unit provided. please use M, KM, FT, MI",
		"georadius k 1 1 x m", "-ERR need numeric radius",
		"georadius k 1 1 -1 m", "-ERR radius cannot be negative",
		"georadius_ro k 1 1 1 m store d", "-ERR syntax error",
		"georadius k 1 1 1 m store d withdist", "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
		"georadiusbymember k none 1 m", "-ERR could not decode requested zset member",
		"geosearch k byradius 1 m asc desc", "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch",
		"geosearch k frommember a asc asc asc", "-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch",
		"geosearch k frommember a byradius 1 m any", "-ERR the ANY argument requires COUNT argument",
		"geosearch k frommember a byradius 1 m count 0", "-ERR COUNT must be > 0",
		"geosearch k frommember a fromlonlat 1 1 byradius 1 m", "-ERR syntax error",
		"geosearch k frommember a bybox 1 -1 m", "-ERR height or width cannot be negative",
	)
}
