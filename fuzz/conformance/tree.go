package conformance

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/redis-lite/redis-lite/vfs"
)

// tree is a state of a file system: paths below the root with what is there.
type tree map[string]node

type node struct {
	dir  bool
	data []byte
}

// read takes the state from a file system.
func read(fsys vfs.FS, root string) (tree, error) {
	t := tree{}
	return t, t.add(fsys, root, "")
}

func (t tree) add(fsys vfs.FS, root, dir string) error {
	infos, err := fsys.List(vfs.Join(root, dir))
	if err != nil {
		return err
	}
	for _, info := range infos {
		name := vfs.Join(dir, info.Name)
		if info.IsDir {
			t[name] = node{dir: true}
			if err := t.add(fsys, root, name); err != nil {
				return err
			}
			continue
		}
		f, err := fsys.Open(vfs.Join(root, name))
		if err != nil {
			return err
		}
		data := make([]byte, info.Size)
		_, err = f.ReadAt(data, 0)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		t[name] = node{data: data}
	}
	return nil
}

func (t tree) paths() []string {
	paths := make([]string, 0, len(t))
	for p := range t {
		paths = append(paths, p)
	}
	sort.Strings(paths) // parents come before their children
	return paths
}

// build makes the state on an empty file system and makes it durable.
func (t tree) build(fsys vfs.FS, root string) error {
	for _, p := range t.paths() {
		name := vfs.Join(root, p)
		if t[p].dir {
			if err := fsys.Mkdir(name); err != nil {
				return err
			}
			continue
		}
		f, err := fsys.Create(name)
		if err == nil {
			_, err = f.WriteAt(t[p].data, 0)
		}
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return settle(fsys, root)
}

// settle syncs every file and every directory.
func settle(fsys vfs.FS, root string) error {
	infos, err := fsys.List(root)
	if err != nil {
		return err
	}
	for _, info := range infos {
		name := vfs.Join(root, info.Name)
		if info.IsDir {
			if err := settle(fsys, name); err != nil {
				return err
			}
			continue
		}
		f, err := fsys.OpenWrite(name)
		if err == nil {
			err = f.Sync()
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return err
		}
	}
	return fsys.SyncDir(root)
}

// String lists the state, contents as runs of equal bytes.
func (t tree) String() string {
	if len(t) == 0 {
		return "nothing"
	}
	var parts []string
	for _, p := range t.paths() {
		if t[p].dir {
			parts = append(parts, p+"/")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s=%s", p, runs(t[p].data)))
	}
	return strings.Join(parts, "  ")
}

func runs(b []byte) string {
	if len(b) == 0 {
		return "(empty)"
	}
	var s strings.Builder
	for i := 0; i < len(b); {
		j := i
		for j < len(b) && b[j] == b[i] {
			j++
		}
		c := string(b[i])
		if b[i] == 0 {
			c = "0"
		}
		fmt.Fprintf(&s, "%s*%d ", c, j-i)
		i = j
	}
	return strings.TrimSpace(s.String())
}
