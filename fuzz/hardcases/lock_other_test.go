//go:build !linux

package hardcases_test

import "runtime"

const locksDirectories = runtime.GOOS != "windows"
