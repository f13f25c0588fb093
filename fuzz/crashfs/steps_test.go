package crashfs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// letters shortens a tree of 512-byte atoms to the model's form.
func letters(t testing.TB, f *crashfs.FS) string {
	var out []string
	var walk func(dir string)
	walk = func(dir string) {
		infos, err := f.List("/" + dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range infos {
			if in.IsDir {
				out = append(out, dir+in.Name+"/")
				walk(dir + in.Name + "/")
				continue
			}
			data := content(t, f, "/"+dir+in.Name)
			b := make([]byte, 0, 16)
			for i := 0; i < len(data); i += 512 {
				c := data[i]
				if data[i:i+512] != strings.Repeat(string(c), 512) {
					c = '?'
				} else if c == 0 {
					c = '0'
				}
				b = append(b, c)
			}
			out = append(out, dir+in.Name+"="+string(b))
		}
	}
	walk("")
	return strings.Join(out, " ")
}

// step is one operation that the model and any number of simulated file
// systems make alike.
type step struct {
	op       string
	name, to string
	off, n   int
	letter   byte
}

func (s step) String() string {
	return fmt.Sprintf("%s %s %s %d+%d %c", s.op, s.name, s.to, s.off, s.n, s.letter)
}

var stepNames = []string{"a", "b", "d/a", "d/b"}

func drawSteps(t *rapid.T, most int) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		s := step{
			op: rapid.SampledFrom([]string{
				"write", "write", "append", "truncate", "rename", "remove", "sync", "datasync", "syncdir", "mkdir",
			}).Draw(t, "op"),
			name: rapid.SampledFrom(stepNames).Draw(t, "name"),
		}
		switch s.op {
		case "write":
			s.off, s.n = rapid.IntRange(0, 9).Draw(t, "off"), rapid.IntRange(1, 2).Draw(t, "n")
		case "append":
			s.n = rapid.IntRange(1, 2).Draw(t, "n")
		case "truncate":
			s.n = rapid.IntRange(0, 9).Draw(t, "n")
		case "rename":
			s.to = rapid.SampledFrom(stepNames).Draw(t, "to")
		case "syncdir":
			s.name = rapid.SampledFrom([]string{"", "d"}).Draw(t, "dir")
		case "mkdir":
			s.name = "d"
		}
		return s
	}), 1, most).Draw(t, "steps")
}

// perform makes a step on a simulated file system; what cannot be done is passed over.
func perform(t testing.TB, f *crashfs.FS, s step) {
	name := "/" + s.name
	switch s.op {
	case "mkdir":
		_ = f.Mkdir(name)
		return
	case "syncdir":
		_ = f.SyncDir(name)
		return
	case "rename":
		_ = f.Rename(name, "/"+s.to)
		return
	case "remove":
		_ = f.Remove(name)
		return
	}
	h, err := f.OpenWrite(name)
	if err != nil && (s.op == "write" || s.op == "append") {
		h, err = f.Create(name)
	}
	if err != nil {
		return
	}
	size, _ := h.Size()
	switch s.op {
	case "append":
		s.off = int(size) / 512
		fallthrough
	case "write":
		_, err = h.WriteAt([]byte(strings.Repeat(string(s.letter), s.n*512)), int64(s.off)*512)
	case "truncate":
		err = h.Truncate(int64(s.n) * 512)
	case "sync":
		err = h.Sync()
	case "datasync":
		err = h.DataSync()
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = h.Close()
}

// perform makes the step on the model.
func (m *refModel) perform(s step) {
	m.call++
	find := func(name string) (dir int, base string, ino int, ok bool) {
		base = name
		if rest, in := strings.CutPrefix(name, "d/"); in {
			base = rest
			if dir, ok = m.dirs[0]["d"]; !ok {
				return 0, "", -1, false
			}
		}
		ino, ok = m.dirs[dir][base]
		if !ok {
			ino = -1
		}
		return dir, base, ino, true
	}
	dir, base, ino, ok := find(s.name)
	switch s.op {
	case "mkdir":
		if ino < 0 {
			ino = m.next
			m.next++
			m.isDir[ino], m.dirs[ino] = true, map[string]int{}
			m.name(crashfs.Mkdir, ino, false, refSlot{dir, base, ino})
		}
		return
	case "syncdir":
		if s.name == "" {
			m.syncDir(0)
		} else if ino >= 0 {
			m.syncDir(ino)
		}
		return
	}
	if !ok {
		return
	}
	switch s.op {
	case "rename":
		tdir, tbase, tino, tok := find(s.to)
		if ino >= 0 && tok && ino != tino {
			m.name(crashfs.Rename, ino, tino >= 0, refSlot{dir, base, -1}, refSlot{tdir, tbase, ino})
		}
		return
	case "remove":
		if ino >= 0 {
			m.name(crashfs.Unlink, ino, false, refSlot{dir, base, -1})
		}
		return
	}
	if ino < 0 && (s.op == "write" || s.op == "append") {
		ino = m.create(dir, base)
	}
	if ino < 0 {
		return
	}
	switch s.op {
	case "append":
		m.write(ino, m.files[ino].size, s.n, s.letter)
	case "write":
		m.write(ino, s.off, s.n, s.letter)
	case "truncate":
		m.truncate(ino, s.n)
	case "sync", "datasync":
		m.sync(ino, s.op == "datasync")
	}
}

func TestLegalStatesAreThoseOfTheTable(t *testing.T) {
	for _, mode := range []crashfs.Mode{
		crashfs.Worst, crashfs.Ext4, crashfs.Ext4NoAutoDA, crashfs.XFS, crashfs.Btrfs,
	} {
		t.Run(mode.String(), rapid.MakeCheck(func(rt *rapid.T) {
			m, f := newRefModel(mode), crashfs.New(crashfs.Options{Mode: mode})
			for i, s := range drawSteps(rt, 10) {
				s.letter = byte('A' + i)
				m.perform(s)
				perform(t, f, s)
			}
			want := m.legal()
			if want == nil {
				rt.Skip("too many")
			}
			var got []string
			for img := range f.Point().States(crashfs.Bound{Exhaustive: 1000}) {
				got = append(got, letters(t, img))
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				rt.Fatalf("%v:\n got %q\nwant %q", mode, got, want)
			}
		}))
	}
}
