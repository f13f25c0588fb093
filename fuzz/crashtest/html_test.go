package crashtest_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

func TestThePageShowsTheCrashAndNeedsNothingElse(t *testing.T) {
	for name, sys := range map[string]crashtest.System[change]{
		"rename": fileSystem{noSync: true}, "torn": logSystem{eachKey: true}, "served": logSystem{noRewrite: true},
		"<script>": logSystem{noSync: true},
	} {
		f := crashtest.ExhaustAll(sys, alphabet, 3, nil, crashtest.Options{}).Failure
		if f == nil {
			t.Fatalf("%s: nothing was found", name)
		}
		f.Replay = "go test -run '<b>'"
		page := string(f.HTML())
		for _, want := range []string{
			f.Verdict.String(), "prefers-color-scheme: dark", "stores_test.go:", "ext4", "choice <code>", "go test -run &#39;&lt;b&gt;&#39;", `class="grid"`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q", name, want)
			}
		}
		if name != "torn" && !strings.Contains(page, "because nothing synced") {
			t.Errorf("%s: the page does not say why", name)
		}
		for _, bad := range []string{"http:", "https:", "<script", "src=", "url(", "@import", "ZgotmplZ"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page has %q in it", name, bad)
			}
		}
		if err := wellFormed(page); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wellFormed reads the page as XML that forgives what HTML may leave out.
func wellFormed(page string) error {
	page = regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(page, "")
	page = strings.ReplaceAll(page, " checked", ` checked="checked"`)
	page = strings.Replace(page, "<!doctype html>", "", 1)
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict = false
	d.AutoClose = []string{"meta", "input", "br"}
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
