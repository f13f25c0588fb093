package crashtest

import (
	"bytes"
	"regexp"
	"testing"
)

// What a person sees of two byte strings, tags left out.
func TestHexShowsWhatDiffersOnce(t *testing.T) {
	same := bytes.Repeat([]byte("same"), 20)
	for _, x := range []struct{ want, found, shows string }{
		{"", "", ""},
		{"abc", "abd", "000000 was 61 62 63                                         abc\n       is  61 62 64                                         abd\n"},
		{"a", "", "000000 was 61                                               a\n"},
		{"", "a", "000000 is  61                                               a\n"},
		{ // a line of what is shared, then what is not
			string(same) + "x", string(same),
			"...\n000040     73 61 6d 65 73 61 6d 65 73 61 6d 65 73 61 6d 65  samesamesamesame\n000050 was 78                                               x\n",
		},
		{ // a long run of the same line is a star
			string(same), "",
			"000000 was 73 61 6d 65 73 61 6d 65 73 61 6d 65 73 61 6d 65  samesamesamesame\n*\n" +
				"000040 was 73 61 6d 65 73 61 6d 65 73 61 6d 65 73 61 6d 65  samesamesamesame\n",
		},
	} {
		got := regexp.MustCompile(`</?(ins|del)>`).ReplaceAllString(string(hexDiff([]byte(x.want), []byte(x.found))), "")
		if got != x.shows {
			t.Errorf("%q and %q:\n%s\nwant\n%s", x.want, x.found, got, x.shows)
		}
	}
}
