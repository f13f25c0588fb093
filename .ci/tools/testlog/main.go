// Command testlog reads the events of `go test -json` and prints what a person
// wants to read: a line for each package, everything that a failing test said,
// each skipped test with its reason, and the lines that tests print for the
// record (those that match -show). It exits 1 when anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// event is one line of go test -json, as `go doc test2json` describes it.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build, instead of Package
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

func main() {
	show := flag.String("show", "$^", "print lines that match this `pattern`, of passing tests too")
	flag.Parse()
	l := &log{show: regexp.MustCompile(*show), output: map[string][]string{}, counts: map[string]*count{}}
	if err := l.read(os.Stdin); err != nil {
		fmt.Println("testlog:", err)
		os.Exit(1)
	}
	if !l.summary() {
		os.Exit(1)
	}
}

// log is what has been read so far.
type log struct {
	show    *regexp.Regexp
	output  map[string][]string // by package and test, until it ends
	counts  map[string]*count   // by package
	total   count
	skipped []string
	failed  []string
}

type count struct{ pass, fail, skip int }

func (l *log) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Print(line) // what the go command says besides
			} else {
				l.add(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (l *log) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		l.output[key] = append(l.output[key], e.Output)
		if l.show.MatchString(e.Output) {
			fmt.Printf("     %s\n", strings.TrimSpace(e.Output))
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			l.endPackage(e, l.output[key])
		} else {
			l.endTest(e, l.output[key])
		}
		delete(l.output, key)
	}
}

func (l *log) endTest(e event, output []string) {
	c := l.counts[e.Package]
	if c == nil {
		c = new(count)
		l.counts[e.Package] = c
	}
	name := short(e.Package) + " " + e.Test
	switch e.Action {
	case "pass":
		c.pass++
	case "fail":
		c.fail++
		l.failed = append(l.failed, name)
		fmt.Printf("FAIL %s\n%s", name, strings.Join(output, ""))
	case "skip":
		c.skip++
		l.skipped = append(l.skipped, name+": "+reason(output))
	}
}

// reason is what a skipped test says, without the frame around it.
func reason(output []string) string {
	var parts []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		parts = append(parts, regexp.MustCompile(`^\S+\.go:\d+: `).ReplaceAllString(line, ""))
	}
	if len(parts) == 0 {
		return "no reason given"
	}
	return strings.Join(parts, " ")
}

func (l *log) endPackage(e event, output []string) {
	c := l.counts[e.Package]
	if c == nil {
		c = new(count)
	}
	switch {
	case e.Action == "fail":
		// A build that failed, a panic, a time-out: the package says it, not a test.
		fmt.Printf("FAIL %s %.1fs\n%s", short(e.Package), e.Elapsed, strings.Join(output, ""))
		// What ran when it ended has no end of its own.
		for key, rest := range l.output {
			if strings.HasPrefix(key, e.Package+" ") && key != e.Package+" " {
				fmt.Printf("     unfinished: %s\n%s", key, strings.Join(rest, ""))
				delete(l.output, key)
			}
		}
		if c.fail == 0 {
			l.failed = append(l.failed, short(e.Package))
		}
	case c.pass+c.skip == 0:
		fmt.Printf("     %-40s no tests\n", short(e.Package))
	default:
		skipped := ""
		if c.skip > 0 {
			skipped = fmt.Sprintf(", %d skipped", c.skip)
		}
		fmt.Printf("ok   %-40s %6.1fs  %d tests%s\n", short(e.Package), e.Elapsed, c.pass, skipped)
	}
	l.total.pass += c.pass
	l.total.fail += c.fail
	l.total.skip += c.skip
}

// summary reports whether all is well.
func (l *log) summary() bool {
	slices.Sort(l.skipped)
	for _, s := range l.skipped {
		fmt.Println("skip", s)
	}
	for _, f := range l.failed {
		// A test fails when one of its subtests does; the subtest is the news.
		if !slices.ContainsFunc(l.failed, func(g string) bool { return strings.HasPrefix(g, f+"/") }) {
			fmt.Println("FAILED", f)
		}
	}
	fmt.Printf("tests: %d passed, %d failed, %d skipped\n", l.total.pass, l.total.fail, l.total.skip)
	return len(l.failed) == 0 && l.total.pass > 0 // no test at all is no success
}

// short is a package's path within its module.
func short(path string) string {
	if parts := strings.SplitN(path, "/", 4); len(parts) == 4 {
		return parts[3]
	}
	return path
}
