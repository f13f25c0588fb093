package difftest

import (
	"math"
	"strconv"
)

// Compare decides whether two replies, neither of them an error, agree.
type Compare func(redis, ours Reply) bool

// slack is how far apart two servers may be in time: they are asked one after
// the other, on a machine that does other things too.
const slack = 10_000 // milliseconds

// Unordered is for replies that are sets in truth, KEYS and the like.
func Unordered(redis, ours Reply) bool { return redis.Sorted().Equal(ours.Sorted()) }

// Shape wants the same types and the same number of elements, and looks at no
// content.
func Shape(redis, ours Reply) bool {
	if redis.Kind != ours.Kind || len(redis.Elems) != len(ours.Elems) {
		return false
	}
	for i := range redis.Elems {
		if !Shape(redis.Elems[i], ours.Elems[i]) {
			return false
		}
	}
	return true
}

// Type wants the same type of reply, whatever is in it.
func Type(redis, ours Reply) bool { return redis.Kind == ours.Kind }

// Millis is for times in milliseconds, Seconds for times in seconds: negative
// ones, which mean something else, must be the same.
func Millis(redis, ours Reply) bool { return near(redis, ours, slack) }

// Seconds is Millis for seconds.
func Seconds(redis, ours Reply) bool { return near(redis, ours, slack/1000) }

func near(redis, ours Reply, tolerance float64) bool {
	a, ok := redis.Int()
	b, ok2 := ours.Int()
	if !ok || !ok2 || a < 0 || b < 0 {
		return redis.Equal(ours)
	}
	return math.Abs(float64(a)-float64(b)) <= tolerance
}

// NumberNear is for numbers of any type that may be off by a factor.
func NumberNear(factor float64) Compare {
	return func(redis, ours Reply) bool {
		a, err := strconv.ParseFloat(redis.Text, 64)
		b, err2 := strconv.ParseFloat(ours.Text, 64)
		return redis.Kind == ours.Kind && err == nil && err2 == nil && a <= b*factor && b <= a*factor
	}
}
