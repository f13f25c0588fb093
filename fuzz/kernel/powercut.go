package kernel

import "github.com/redis-lite/redis-lite/fuzz/loopfs"

// PowerCuts are the disasters for a store on a file system of our own: each way
// to cut its power while the child writes, and kill -9 of the child, which a
// later cut may then hit in the middle of its recovery.
func PowerCuts(f *loopfs.FS) []Disaster {
	all := []Disaster{KillNine()}
	for _, cut := range f.Kind().Cuts() {
		all = append(all, Disaster{
			Name:     cut.String(),
			Strike:   func(func()) error { return f.Cut(cut) },
			After:    f.Remount,
			PowerCut: true,
		})
	}
	return all
}
