package suites_test

import (
	"context"
	"fmt"

	"github.com/redis-lite/redis-lite/fuzz/suites"
)

// A program that crash-tests the engine it was built with.
func ExampleRun() {
	short, _ := suites.Find("short")
	long, _ := suites.Find("long")
	list := suites.Run(context.Background(), suites.Options{Suites: []suites.Suite{short, long}, Cases: 12, Seed: 42})
	for _, r := range list {
		fmt.Println(r.Suite, r.Cases, r.Verdict, r.Finished)
	}
	fmt.Println("distinct images:", suites.Total(list).Images > 100)
	// Output:
	// short 6 OK true
	// long 6 OK true
	// distinct images: true
}

// A case is named, and the same every time.
func ExampleReplay() {
	short, _ := suites.Find("short")
	r, err := suites.Replay(context.Background(), short, "3,0,10", suites.Options{})
	fmt.Println(r.Case, r.Verdict, err)
	_, err = suites.Replay(context.Background(), short, "99", suites.Options{})
	fmt.Println(err)
	// Output:
	// 3,0,10 OK <nil>
	// "99" is no history: it is made of numbers from 0 to 10, with commas between them
}
