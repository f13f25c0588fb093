package wal

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	nameSuffix = ".wal"
	nameDigits = 16
)

// SegmentName is the file name of the segment with that number.
func SegmentName(seq uint64) string { return fmt.Sprintf("%0*d%s", nameDigits, seq, nameSuffix) }

// ParseSegmentName returns the number in a segment's file name. ok is false for
// every name that SegmentName does not make.
func ParseSegmentName(name string) (seq uint64, ok bool) {
	digits, found := strings.CutSuffix(name, nameSuffix)
	if !found || len(digits) < nameDigits {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, err == nil && SegmentName(seq) == name
}
