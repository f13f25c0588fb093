// Command imports holds every package of a module to a table of what it may
// import, so that the layers stay layers. It reads the table named by its first
// argument and asks `go list` about the module in the current directory.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// table is what .ci/imports.txt says.
type table struct {
	restricted []string
	rules      map[string][]string
}

func run(name string) error {
	t, err := readTable(name)
	if err != nil {
		return err
	}
	packages, err := list()
	if err != nil {
		return err
	}
	bad := 0
	for _, p := range packages {
		for _, problem := range t.check(p) {
			fmt.Printf("%s: %s\n", p.short(p.ImportPath), problem)
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d imports that %s does not allow", bad, name)
	}
	fmt.Printf("%d packages import what they may\n", len(packages))
	return nil
}

func readTable(name string) (*table, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := &table{rules: map[string][]string{}}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, rest, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%s:%d: no colon", name, i+1)
		}
		if key == "restricted" {
			t.restricted = strings.Fields(rest)
		} else {
			t.rules[key] = strings.Fields(rest)
		}
	}
	return t, nil
}

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Module     struct{ Path string }
}

// short is a path within the module, and any other path as it is.
func (p pkg) short(path string) string {
	return strings.TrimPrefix(path, p.Module.Path+"/")
}

// list asks for the packages as each system sees them: a file for another
// system imports too.
func list() ([]pkg, error) {
	var all []pkg
	for _, system := range []string{"linux", "darwin", "windows", "freebsd"} {
		cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Module", "./...")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		decoder := json.NewDecoder(strings.NewReader(string(out)))
		for {
			var p pkg
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			at := slices.IndexFunc(all, func(q pkg) bool { return q.ImportPath == p.ImportPath })
			if at < 0 {
				all = append(all, p)
				continue
			}
			all[at].Imports = append(all[at].Imports, p.Imports...)
		}
	}
	return all, nil
}

func (t *table) check(p pkg) (problems []string) {
	allowed, ok := t.rule(p.short(p.ImportPath))
	if !ok {
		return []string{"has no line in the table"}
	}
	slices.Sort(p.Imports)
	for _, path := range slices.Compact(p.Imports) {
		first, _, _ := strings.Cut(path, "/")
		standard := !strings.Contains(first, ".")
		if standard && !slices.Contains(t.restricted, path) {
			continue
		}
		if !slices.ContainsFunc(allowed, func(entry string) bool { return matches(entry, p.short(path), standard) }) {
			problems = append(problems, "may not import "+path)
		}
	}
	return problems
}

// rule finds the line of a package: its own, or else the nearest above that
// ends in /...
func (t *table) rule(path string) ([]string, bool) {
	if allowed, ok := t.rules[path]; ok {
		return allowed, true
	}
	for {
		if allowed, ok := t.rules[path+"/..."]; ok {
			return allowed, true
		}
		cut := strings.LastIndexByte(path, '/')
		if cut < 0 {
			return nil, false
		}
		path = path[:cut]
	}
}

// matches reports whether an entry of the table allows a path. An entry that
// names another module allows all of its packages.
func matches(entry, path string, standard bool) bool {
	if entry == path {
		return true
	}
	tree, ok := strings.CutSuffix(entry, "/...")
	if first, _, _ := strings.Cut(entry, "/"); strings.Contains(first, ".") {
		ok = true
	}
	return ok && !standard && (path == tree || strings.HasPrefix(path, tree+"/"))
}
