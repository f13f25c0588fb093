package page

import (
	"regexp"
	"strings"
	"testing"
)

// The modules are joined by taking their import lines away, so no name may stand
// at the top level of two of them.
func TestModulesShareNoName(t *testing.T) {
	code, err := script()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:async )?(?:const|let|var|function|class) ([\w$]+)`).FindAllStringSubmatch(code, -1) {
		if seen[m[1]] {
			t.Errorf("two modules have %s at their top level", m[1])
		}
		seen[m[1]] = true
	}
	if len(seen) < 50 {
		t.Errorf("only %d names were found", len(seen))
	}
}

// Every module is in the page, behind those that it imports.
func TestModulesComeInOrder(t *testing.T) {
	code, err := script()
	if err != nil {
		t.Fatal(err)
	}
	files, err := assets.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".js") {
			continue
		}
		at := strings.Index(code, "\n// "+f.Name()+"\n")
		if at < 0 {
			t.Errorf("%s is not in the page", f.Name())
			continue
		}
		b, err := assets.ReadFile("assets/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range importLine.FindAllStringSubmatch(string(b), -1) {
			if other := strings.Index(code, "\n// "+m[1]+"\n"); other > at {
				t.Errorf("%s comes before %s, which it imports", f.Name(), m[1])
			}
		}
	}
}

// What is read from a store never becomes HTML, and nothing is fetched from
// anywhere but the server of ui.
func TestPageParsesAndFetchesNothing(t *testing.T) {
	code, err := script()
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "http://", "https://", "XMLHttpRequest", "WebSocket", "localStorage"} {
		if strings.Contains(code, never) {
			t.Errorf("the script has %s", never)
		}
	}
	if n := strings.Count(code, "fetch("); n != 1 {
		t.Errorf("the script fetches in %d places", n)
	}
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"@import", "url("} {
		if strings.Contains(string(style), never) {
			t.Errorf("the style has %s", never)
		}
	}
}

// A file may connect to nothing; the live page to its own server only.
func TestPolicy(t *testing.T) {
	for mode, want := range map[string]string{"file": "connect-src 'none'", "live": "connect-src 'self'"} {
		s, err := newShell(mode, "x")
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"default-src 'none'", want, "base-uri 'none'", "form-action 'none'", "script-src 'sha256-", "style-src 'sha256-"} {
			if !strings.Contains(s.policy, part) {
				t.Errorf("%s: the policy lacks %s: %s", mode, part, s.policy)
			}
		}
		if strings.Contains(s.policy, "unsafe") {
			t.Errorf("%s: %s", mode, s.policy)
		}
	}
}

// A store's name is text, whatever it looks like.
func TestTitleIsEscaped(t *testing.T) {
	s, err := newShell("file", `<script>alert("x")</script>`)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.before, `<script>alert`) {
		t.Error("the name of a directory became a script")
	}
}
