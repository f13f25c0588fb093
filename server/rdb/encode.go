package rdb

import (
	"encoding/binary"
	"math"
	"strconv"
)

func appendLength(b []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, byte(n>>8)|0x40, byte(n))
	case uint64(n) <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0x80), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 0x81), uint64(n))
}

// appendString writes a string, small numbers as such, like Redis does.
func appendString(b, s []byte) []byte {
	if len(s) <= 11 {
		if n, err := strconv.ParseInt(string(s), 10, 32); err == nil && strconv.FormatInt(n, 10) == string(s) {
			switch {
			case n == int64(int8(n)):
				return append(b, 0xc0|encodedInt8, byte(n))
			case n == int64(int16(n)):
				return binary.LittleEndian.AppendUint16(append(b, 0xc0|encodedInt16), uint16(n))
			}
			return binary.LittleEndian.AppendUint32(append(b, 0xc0|encodedInt32), uint32(n))
		}
	}
	return append(appendLength(b, len(s)), s...)
}

func appendDouble(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}
