package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
)

// The page's source: a template, a style sheet, and modules as browsers and
// editors know them.
//
//go:embed assets/page.html assets/page.css assets/*.js
var assets embed.FS

// entry is the module that the page begins with.
const entry = "main.js"

var (
	importLine = regexp.MustCompile(`(?m)^import \{[^}\n]*\} from "\./([a-z]+\.js)";\n`)
	exportWord = regexp.MustCompile(`(?m)^export (const|function|class|async function) `)
	anyModule  = regexp.MustCompile(`(?m)^(import|export)\b`)
)

// script joins the modules into one: each behind those that it imports, without
// its import lines, and without the word export. That is all that has to be done
// to modules whose top-level names are different and that use no other form of
// import; a test holds them to that. A browser runs the result as one module.
func script() (string, error) {
	var out strings.Builder
	done := map[string]bool{}
	var add func(name string, above []string) error
	add = func(name string, above []string) error {
		if slices.Contains(above, name) {
			return fmt.Errorf("page: %s imports itself, by way of %s", name, strings.Join(above, ", "))
		}
		if done[name] {
			return nil
		}
		done[name] = true
		b, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return err
		}
		text := string(b)
		for _, m := range importLine.FindAllStringSubmatch(text, -1) {
			if err := add(m[1], append(above, name)); err != nil {
				return err
			}
		}
		text = exportWord.ReplaceAllString(importLine.ReplaceAllString(text, ""), "$1 ")
		if at := anyModule.FindString(text); at != "" {
			return fmt.Errorf("page: %s: a form of %s that is not provided for", name, at)
		}
		fmt.Fprintf(&out, "\n// %s\n%s", name, text)
		return nil
	}
	if err := add(entry, nil); err != nil {
		return "", err
	}
	if strings.Contains(strings.ToLower(out.String()), "</script") {
		return "", fmt.Errorf("page: the script would end its own element")
	}
	return out.String(), nil
}

// policy is the page's content security policy: its own style and script, told by
// their checksums, and nothing else; connect is what it may fetch from.
func policy(style, script, connect string) string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + hash(script) + "; style-src " + hash(style) + "; img-src data:; connect-src " + connect +
		"; base-uri 'none'; form-action 'none'"
}

// shell is the page around its parts.
type shell struct {
	policy        string
	before, after string // the page, around the parts
}

// newShell makes the page for a mode, "file" or "live".
func newShell(mode, title string) (*shell, error) {
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return nil, err
	}
	code, err := script()
	if err != nil {
		return nil, err
	}
	text, err := assets.ReadFile("assets/page.html")
	if err != nil {
		return nil, err
	}
	connect := "'none'"
	if mode == "live" {
		connect = "'self'"
	}
	s := &shell{policy: policy(string(style), code, connect)}
	// The style and the script go in as they are: their checksums must hold. Nothing
	// that goes in is looked at again.
	fill := strings.NewReplacer(
		"{{.Mode}}", mode, "{{.Policy}}", html.EscapeString(s.policy), "{{.Title}}", html.EscapeString(title),
		"{{.Style}}", string(style), "{{.Script}}", code,
	)
	before, after, ok := strings.Cut(string(text), "{{.Parts}}")
	if !ok {
		return nil, fmt.Errorf("page: the template has no place for the parts")
	}
	s.before, s.after = fill.Replace(before), fill.Replace(after)
	return s, nil
}

// writePart writes one document of a report.
func writePart(w io.Writer, name string, packed []byte) error {
	_, err := fmt.Fprintf(w, "<script type=\"text/plain\" id=\"part-%s\">%s</script>\n", name, packed)
	return err
}
