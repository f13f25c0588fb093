package crashtest

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"html/template"
	"slices"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

//go:embed report.html
var reportPage string

// HTML is the report as one page that needs nothing else: no network, no
// script, light and dark.
func (f *Failure) HTML() []byte {
	t := template.Must(template.New("report").Funcs(template.FuncMap{
		"inc": func(i int) int { return i + 1 },
	}).Parse(reportPage))
	var b bytes.Buffer
	if err := t.Execute(&b, f.view()); err != nil {
		return []byte("<pre>" + template.HTMLEscapeString(err.Error()+"\n"+f.String()) + "</pre>")
	}
	return b.Bytes()
}

// view is what the page shows.
type view struct {
	Verdict, VerdictText, Stage, Fault, Err, Advice, Replay string
	Mode                                                    crashfs.Mode
	Atom                                                    int
	History                                                 []Line
	HasFound                                                bool
	Found                                                   string
	Legal                                                   []string
	Diffs                                                   []diffView
	Crashes                                                 []crashView
	Permits                                                 []Permit
	Files                                                   []diffView
}

// diffView is one thing that differs.
type diffView struct {
	Name, What string
	Hex        template.HTML
}

func (f *Failure) view() view {
	v := view{
		Verdict: f.Verdict.String(), VerdictText: f.Text(), Advice: f.Advice(), Stage: f.stage, Fault: f.Fault,
		Replay: f.Replay, Mode: f.Mode, Atom: f.Atom, History: f.expect.lines,
		HasFound: f.Found != nil, Found: f.Found.String(), Permits: f.Permits(), Files: f.files(),
	}
	if f.Err != nil {
		v.Err = f.Err.Error()
	}
	for i, s := range f.expect.legal {
		if i == 12 {
			break
		}
		v.Legal = append(v.Legal, s.String())
	}
	for _, d := range f.Differences() {
		v.Diffs = append(v.Diffs, diffView{What: d.String(), Hex: hexDiff([]byte(d.Want), []byte(d.Found))})
	}
	for x := f.Explain(); x != nil; x = x.Elder {
		if len(x.Calls)+len(x.Effects) > 0 {
			v.Crashes = append(v.Crashes, newCrashView(x))
		}
	}
	slices.Reverse(v.Crashes)
	for i := range v.Crashes {
		v.Crashes[i].Title = "The crash"
		if len(v.Crashes) > 1 {
			v.Crashes[i].Title = ordinal(i) + " crash"
		}
	}
	return v
}

func ordinal(i int) string {
	names := []string{"The first", "The second", "The third", "The fourth"}
	return names[min(i, len(names)-1)]
}

// files compares what readers saw before the crash with what it left.
func (f *Failure) files() []diffView {
	image := f.Image()
	if image == nil {
		return nil
	}
	before := make(map[string][]byte)
	for name, b := range contents(image.Origin().Point.Kill(), "/") {
		before[name] = b
	}
	var out []diffView
	for name, b := range contents(image, "/") {
		was, ok := before[name]
		delete(before, name)
		switch {
		case !ok:
			out = append(out, diffView{Name: name, What: "had lost this name before the crash", Hex: hexDiff(nil, b)})
		case !bytes.Equal(was, b):
			out = append(out, diffView{Name: name, What: fmt.Sprintf("differs: %d bytes, and were %d", len(b), len(was)), Hex: hexDiff(was, b)})
		}
	}
	for name, b := range before {
		out = append(out, diffView{Name: name, What: "is gone", Hex: hexDiff(b, nil)})
	}
	slices.SortFunc(out, func(a, b diffView) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}
