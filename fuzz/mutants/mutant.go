package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is one bug, as changes of the source.
type Mutant struct {
	ID    string
	What  string
	Edits []Edit
	// Test is the suite that is expected to kill it, as a pattern for go test
	// -run. The others are not run for it: a score has to be had in minutes.
	Test string
	// Package is where that test is, from the root of the module; empty means
	// fuzz/suites.
	Package string
	// Peer cites where a bug of this kind was really made.
	Peer string
}

func (m Mutant) suite() string {
	if m.Package == "" {
		return "fuzz/suites"
	}
	return m.Package
}

// Edit replaces Old, which occurs exactly once in File, by New.
type Edit struct {
	File string // from the root of the module
	Old  string
	New  string
}

// Impossible is a mutant that cannot be expressed because the code is built so
// that the fault cannot happen, with the one that stands in for it.
type Impossible struct {
	ID, What, Why, Instead string
}

// Overlay writes the changed files under dir and returns the path of the file
// that go's -overlay takes.
func (m Mutant) Overlay(root, dir string) (string, error) {
	changed := map[string]string{}
	for _, e := range m.Edits {
		text, ok := changed[e.File]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, e.File))
			if err != nil {
				return "", err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return "", fmt.Errorf("%s: %s holds its place %d times, not once:\n%s", m.ID, e.File, n, e.Old)
		}
		changed[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	replace := map[string]string{}
	for file, text := range changed {
		to := filepath.Join(dir, m.ID+"-"+strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, file)] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, m.ID+".json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}
