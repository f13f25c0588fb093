package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

// The JSON that docs/kvctl.md shows is what kvctl prints: the same fields of the
// same types, no more and no fewer. Each block marked "json COMMAND" is run.
func TestJSONIsAsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/kvctl.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	contractStores(t, dir)
	seen := map[string]bool{}
	for block := range strings.SplitSeq(string(doc), "\n```json ") {
		command, rest, _ := strings.Cut(block, "\n")
		if !strings.HasPrefix(command, "kvctl ") {
			continue
		}
		want, _, _ := strings.Cut(rest, "\n```")
		for _, c := range allCommands(newRoot(cli.NewApp())) {
			if strings.HasPrefix(command+" ", c.CommandPath()+" ") {
				seen[c.CommandPath()] = true
			}
		}
		t.Run(command, func(t *testing.T) {
			sh := exec.CommandContext(t.Context(), "sh", "-c", command)
			sh.Dir = dir
			sh.Env = append(os.Environ(), cli.DirVariable+"=")
			got, err := sh.Output()
			if err != nil && !strings.Contains(command, "2>&1") && sh.ProcessState.ExitCode() >= cli.ExitUsage && sh.ProcessState.ExitCode() != cli.ExitTorn &&
				!(strings.Contains(command, "damaged") && sh.ProcessState.ExitCode() == cli.ExitDamage) {
				t.Fatalf("%v\n%s", err, got)
			}
			g, w := shapeOf(t, got), shapeOf(t, []byte(want))
			for path, typ := range w {
				if g[path] != typ {
					t.Errorf("documented %s is %s; printed: %q", path, typ, g[path])
				}
			}
			for path, typ := range g {
				if w[path] == "" && !optional(command, path) {
					t.Errorf("printed %s (%s) is not documented", path, typ)
				}
			}
			if t.Failed() {
				t.Logf("printed:\n%s", got)
			}
		})
	}
	for _, c := range allCommands(newRoot(cli.NewApp())) {
		if c.Annotations[formatsKey] != "" && !seen[c.CommandPath()] && c.Name() != "export" {
			t.Errorf("%s: its JSON is not documented", c.CommandPath())
		}
	}
}

// optional are fields that a run may or may not have, for reasons outside of the
// test.
func optional(command, path string) bool {
	return strings.HasPrefix(command, "kvctl doctor") && path == ".checks[].next" || // where something is amiss
		strings.HasPrefix(command, "kvctl demo") && strings.Contains(path, ".torn") ||
		strings.HasPrefix(command, "kvctl version") && path == ".revision"
}

// contractStores makes what the documented commands work on.
func contractStores(t *testing.T, dir string) {
	t.Helper()
	script := `
kvctl set session secret --expires-at 2099-01-31T12:00:00Z
kvctl compact
kvctl set other value
kvctl set third value
kvctl set ann 7 --bucket users
kvctl set ann 6 --dir older
kvctl set ann 7 --dir older --expires-at 2099-01-31T12:00:00Z
printf '{"key":"imported","value":"v"}\n' > data.jsonl
kvctl set mykey myval --dir torn
kvctl set a 1 --dir damaged
kvctl set b 2 --dir damaged
kvctl set c 3 --dir damaged
`
	sh := exec.CommandContext(t.Context(), "sh", "-e", "-c", script)
	sh.Dir = dir
	sh.Env = append(os.Environ(), cli.DirVariable+"=")
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	segment := func(store string) string { return filepath.Join(dir, store, "wal", "0000000000000001.wal") }
	torn, err := os.ReadFile(segment("torn"))
	if err != nil {
		t.Fatal(err)
	}
	rot, err := os.ReadFile(segment("damaged"))
	if err != nil {
		t.Fatal(err)
	}
	rot[4096+44] ^= 1 // in the body of the first frame
	for name, b := range map[string][]byte{segment("torn"): append(torn, "torn off"...), segment("damaged"): rot} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// shapeOf flattens JSON into the types of its fields: ".items[].key" is a string.
func shapeOf(t *testing.T, b []byte) map[string]string {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	shape := map[string]string{}
	flatten("", v, shape)
	return shape
}

func flatten(path string, v any, shape map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		shape[path] = "object"
		for _, k := range slices.Sorted(maps.Keys(v)) {
			flatten(path+"."+k, v[k], shape)
		}
	case []any:
		shape[path] = "array"
		for _, x := range v {
			flatten(path+"[]", x, shape)
		}
	default:
		shape[path] = fmt.Sprintf("%T", v)
	}
}
