//go:build race

package suites_test

// Under the race detector everything takes ten times as long, and what it looks
// for does not hang on how many images there are.
const raceDetector = true
