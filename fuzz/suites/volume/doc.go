// Package volume tries more images of longer histories than anybody would look at:
// a million of the suite "sampled", with none lost. It is a package of its own so that
// its test has all the time that the go command gives one.
//
//	go test ./fuzz/suites/volume -v
//	go test ./fuzz/suites/volume -v -volume.images 20000000 -timeout 0
package volume
