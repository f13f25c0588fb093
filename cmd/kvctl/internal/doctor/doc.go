// Package doctor looks at what a store stands on: the file system, the disk
// behind it and how it syncs, the room that is left, who has the store open, what
// lies around in it, and the clock. It changes nothing: the one file that it
// writes, to time a sync, has no name and is gone with its descriptor.
//
// Gather collects Facts from the system, as far as the system tells; Judge turns
// them into findings and needs no system.
package doctor
