//go:build race

package mvcc

const raceDetector = true
