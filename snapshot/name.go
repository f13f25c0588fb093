package snapshot

import (
	"fmt"
	"strconv"
	"strings"
)

// suffix ends the name of every snapshot.
const suffix = ".snap"

// Name is the file name of the snapshot at an LSN.
func Name(lsn uint64) string { return fmt.Sprintf("%016d%s", lsn, suffix) }

// ParseName is the inverse of Name; it knows no other spelling of a number.
func ParseName(name string) (lsn uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return 0, false
	}
	lsn, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || Name(lsn) != name {
		return 0, false
	}
	return lsn, true
}
