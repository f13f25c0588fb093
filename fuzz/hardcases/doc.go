// Package hardcases holds the hard cases of a log: the crashes, the rot, the lies
// of a disk and the accidents of its owner that storage engines have been known
// to get wrong. Each is a test by name, through engine.Open.
package hardcases
