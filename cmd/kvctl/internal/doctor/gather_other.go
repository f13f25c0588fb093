//go:build !linux

package doctor

// Gather asks the system about the directory: here it is not known how.
func Gather(dir string, lockName string) *Facts {
	return &Facts{SyncError: "on this system it is not known how to do that without leaving a trace"}
}
