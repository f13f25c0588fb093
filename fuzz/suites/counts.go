package suites

import (
	"fmt"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// Counts are what was tried.
type Counts struct {
	Histories  int64 // run
	Points     int64 // places where the power went, in histories and in recoveries
	States     int64 // legal outcomes that were made there
	Images     int64 // distinct ones, by their bytes, names and lengths
	Recoveries int64 // stores opened on an image
	Kills      int64 // processes killed, the machine living on
	Damages    int64 // done to durable bytes
	Detected   int64 // of these, refused by the store
	Harmless   int64 // of these, without an effect on what is read
	Cut        int64 // of these, taken for the torn end that they look like
}

func newCounts(r crashtest.Result) Counts {
	return Counts{
		Histories: r.Histories, Points: int64(r.Points()), States: int64(r.States()), Images: int64(r.Distinct()),
		Recoveries: r.Opened, Kills: r.Kills,
		Damages: r.Rot.Tried, Detected: r.Rot.Detected, Harmless: r.Rot.Harmless, Cut: r.Rot.Cut,
	}
}

// Add is the sum.
func (c Counts) Add(d Counts) Counts {
	c.Histories += d.Histories
	c.Points += d.Points
	c.States += d.States
	c.Images += d.Images
	c.Recoveries += d.Recoveries
	c.Kills += d.Kills
	c.Damages += d.Damages
	c.Detected += d.Detected
	c.Harmless += d.Harmless
	c.Cut += d.Cut
	return c
}

// Total is the sum over results.
func Total(list []Result) Counts {
	var c Counts
	for _, r := range list {
		c = c.Add(r.Counts)
	}
	return c
}

func (c Counts) String() string {
	s := fmt.Sprintf("crash points: %d, legal states: %d, distinct images: %d, recoveries: %d, histories: %d",
		c.Points, c.States, c.Images, c.Recoveries, c.Histories)
	if c.Damages > 0 {
		s += fmt.Sprintf(", damages: %d (%d detected, %d harmless, %d cut the end off)", c.Damages, c.Detected, c.Harmless, c.Cut)
	}
	return s
}
