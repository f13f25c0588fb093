package record_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/wal/record"
)

// Each line is a record or an entry with one thing wrong, in the words of the
// error and at the byte that is to blame.
func TestMalformedBytesAreNamed(t *testing.T) {
	decoders := map[string]func(b []byte) error{
		"commit": func(b []byte) error { _, _, err := record.Decode(b); return err },
		"entry":  func(b []byte) error { _, err := record.DecodeEntry(new(record.Entry), b); return err },
		"item":   func(b []byte) error { _, _, err := record.Next(b); return err },
	}
	for _, c := range []struct {
		decoder, hex string
		offset       int
		reason       string
	}{
		{"commit", "", 0, "ends early"},
		{"commit", "a0", 0, "expected an array"},
		{"commit", "80", 0, "empty array"},
		{"commit", "800080", 0, "empty array"},
		{"commit", "8100", 2, ""}, // refused as unknown
		{"commit", "8101", 0, "wrong number of elements for commit"},
		{"commit", "84018000f6", 0, "wrong number of elements for commit"},
		{"commit", "82180180", 1, "not the shortest form"},
		{"commit", "9802018000", 0, "not the shortest form"},
		{"commit", "9f0180ff", 0, "indefinite length"},
		{"commit", "820140", 2, "expected an array"},
		{"commit", "820181", 2, "more mutations than"},
		{"commit", "82018180ffffff", 3, "empty array"},
		{"commit", "820182830260404000", 3, ""}, // a second mutation is missing
		{"commit", "820181840260404040", 3, "wrong number of elements for delete"},
		{"commit", "8201818301604040", 3, "wrong number of elements for set"},
		{"commit", "82018184036040f5", 7, "expected a byte string"},
		{"commit", "820181830240604000", 5, "expected a text string"},
		{"commit", "820181830261ff40", 5, "bucket name is not UTF-8"},
		{"commit", "8201818302605818", 8, "string longer than what is left"},
		{"commit", "82018185016040400000", 8, "a deadline or time of 0 is written by leaving it out"},
		{"commit", "8201818501604040" + "1b8000000000000000", 8, "number out of range"},
		{"commit", "8201818501604040" + "3b8000000000000000", 8, "number out of range"},
		{"commit", "8201818501604040" + "1b0000000100000000", -1, ""}, // in range
		{"commit", "8201818501604040" + "3b7fffffffffffffff", -1, ""}, // the least there is
		{"commit", "8201818501604040f6", 8, "expected a number"},
		{"commit", "830180a0", 3, "empty meta is written by leaving it out"},
		{"commit", "830180f6", 3, "expected a map"},
		{"commit", "830180a16000", 4, "expected an unsigned number"},
		{"entry", "8360404001", 0, "wrong number of elements for an entry"},
		{"entry", "866040400101f6", 0, "wrong number of elements for an entry"},
		{"entry", "846058004001", 2, "not the shortest form"},
		{"entry", "84605817" + strings.Repeat("00", 23) + "4001", 2, "not the shortest form"},
		{"entry", "84605900ff" + strings.Repeat("00", 255) + "4001", 2, "not the shortest form"},
		{"entry", "8460404020", 4, "expected an unsigned number"},
		{"entry", "85604040011800", 5, "not the shortest form"},
		{"item", "bb8000000000000000", 0, "map longer than what is left"},
		{"item", "a2000000", 0, "map longer than what is left"},
		{"item", "f81f", 0, "not the shortest form"},
		{"item", "f820", -1, ""},
		{"item", "ff", 0, "indefinite or reserved simple value"},
		{"item", "f9", 0, "ends early"},
		{"item", "c1", 0, "array longer than what is left"},
		{"item", "1c", 0, "reserved length"},
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		err = decoders[c.decoder](b)
		var m *record.MalformedError
		switch {
		case c.reason == "" && c.offset < 0:
			if err != nil {
				t.Errorf("%s %s: %v", c.decoder, c.hex, err)
			}
		case c.reason == "":
			if err == nil {
				t.Errorf("%s %s: accepted", c.decoder, c.hex)
			}
		case !errors.As(err, &m) || m.Offset != c.offset || !strings.Contains(m.Reason, c.reason):
			t.Errorf("%s %s: %v, want %q at %d", c.decoder, c.hex, err, c.reason, c.offset)
		}
	}
}
