// Package conformance holds the simulated file system (package crashfs) to real
// ones: the same script of calls runs on both, the power is cut on the real one
// (package loopfs), and the state that is found after mounting again must be in
// the set of states that the simulation says a crash may leave.
//
// A script ends with the cut. In between it may nudge the real kernel: write a
// file's pages back, commit the journal through an unrelated file, sync all.
// The simulation knows nothing of nudges, because a kernel may do such things at
// any moment by itself; without them a short script would always be cut before
// the kernel did anything, and only one state of many would ever be seen.
//
// # What it cannot show
//
// A state that is legal in the simulation and never seen is no fault: the
// simulation promises to take away all that may go, not that a given kernel
// takes it. And the real disk here has no cache of its own, tears no sector, and
// keeps what it was given in order.
package conformance
