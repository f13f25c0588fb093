package record

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Diagnose shows a CBOR sequence in diagnostic notation (RFC 8949, section 8),
// items separated by commas, byte strings that are valid UTF-8 as 'text'. It
// never fails: from the first malformed item on it shows the reason as a comment
// and the bytes in hexadecimal.
func Diagnose(b []byte) string {
	mode, err := cbor.DiagOptions{
		ByteStringText:   true,
		MaxArrayElements: math.MaxInt32, // a commit may be long
		MaxMapPairs:      math.MaxInt32,
	}.DiagMode()
	if err != nil {
		return "/ " + err.Error() + " /"
	}
	var out strings.Builder
	for at := 0; at < len(b); {
		if at > 0 {
			out.WriteString(", ")
		}
		item, _, err := Next(b[at:])
		text := ""
		if err == nil {
			text, err = mode.Diagnose(item)
		}
		if err != nil {
			out.WriteString(malformed(at, err, b[at:]))
			break
		}
		out.WriteString(text)
		at += len(item)
	}
	return out.String()
}

func malformed(at int, err error, b []byte) string {
	reason := err.Error()
	var m *MalformedError
	if errors.As(err, &m) {
		at += m.Offset
		reason = m.Reason
	}
	return "/ malformed at byte " + strconv.Itoa(at) + ": " + reason + " / h'" + hex.EncodeToString(b) + "'"
}
