package crashfs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// row is a line of the mode table: a script on top of a durable start, and the
// outcomes that each mode must and must not allow. Outcomes are whole trees.
type row struct {
	name   string
	start  func(s script)
	script func(s script)
	// want is exactly what may be found, by mode; a mode that is not named
	// takes what the mode before it in the table takes.
	want map[crashfs.Mode][]string
}

var rows = []row{
	{
		name:   "fsync of a file covers its data and size",
		start:  func(s script) { s.write("/f", "old", 0) },
		script: func(s script) { s.write("/f", "newer", 0); s.sync("/f") },
		want:   map[crashfs.Mode][]string{crashfs.Worst: {"f=newer"}},
	},
	{
		name:   "fsync of a file, and earlier metadata",
		start:  func(s script) { s.write("/f", "old", 0); s.write("/g", "g", 0) },
		script: func(s script) { s.rename("/g", "/h"); s.write("/f", "new", 0); s.sync("/f") },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"f=new g=g", "f=new h=g"},
			crashfs.Ext4:  {"f=new h=g"},
			crashfs.Btrfs: {"f=new g=g", "f=new h=g"},
		},
	},
	{
		name:   "fsync of a file does not cover later metadata",
		start:  func(s script) { s.write("/f", "old", 0); s.write("/g", "g", 0) },
		script: func(s script) { s.write("/f", "new", 0); s.rename("/g", "/h"); s.sync("/f") },
		want:   map[crashfs.Mode][]string{crashfs.Worst: {"f=new g=g", "f=new h=g"}},
	},
	{
		name:   "fdatasync covers the size that reading needs",
		start:  func(s script) { s.write("/f", "old", 0) },
		script: func(s script) { s.write("/f", "longer", 0); s.datasync("/f") },
		want:   map[crashfs.Mode][]string{crashfs.Worst: {"f=longer"}},
	},
	{
		name:   "fdatasync does not cover a truncation",
		start:  func(s script) { s.write("/f", "abcdef", 0) },
		script: func(s script) { s.truncate("/f", 3); s.datasync("/f") },
		want:   map[crashfs.Mode][]string{crashfs.Worst: {"f=abc", "f=abc000", "f=abcdef"}},
	},
	{
		name:   "fsync covers a truncation",
		start:  func(s script) { s.write("/f", "abcdef", 0) },
		script: func(s script) { s.truncate("/f", 3); s.sync("/f") },
		want:   map[crashfs.Mode][]string{crashfs.Worst: {"f=abc"}},
	},
	{
		name:   "create and fsync, directory not synced",
		script: func(s script) { s.write("/f", "data", 0); s.sync("/f") },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"", "f=data"},
			crashfs.Ext4:  {"f=data"},
			crashfs.Btrfs: {"f=data"},
		},
	},
	{
		name:   "fsync of a directory covers its names, not the data",
		script: func(s script) { s.write("/f", "data", 0); s.syncdir("/") },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"f=", "f=0*4", "f=data"},
			crashfs.XFS:   {"f=", "f=data"},
		},
	},
	{
		name:   "fsync of a directory, and earlier metadata elsewhere",
		start:  func(s script) { s.mkdir("/d"); s.mkdir("/e") },
		script: func(s script) { s.write("/d/f", "", 0); s.write("/e/g", "", 0); s.syncdir("/e") },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"d/ d/f= e/ e/g=", "d/ e/ e/g="},
			crashfs.Ext4:  {"d/ d/f= e/ e/g="},
			crashfs.Btrfs: {"d/ d/f= e/ e/g=", "d/ e/ e/g="},
		},
	},
	{
		name:  "mkdir needs its parent synced at every level",
		start: func(s script) {},
		script: func(s script) {
			s.mkdir("/d")
			s.mkdir("/d/e")
			s.write("/d/e/f", "x", 0)
			s.sync("/d/e/f")
			s.syncdir("/d/e")
			s.syncdir("/d")
		},
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"", "d/ d/e/ d/e/f=x"},
			crashfs.Ext4:  {"d/ d/e/ d/e/f=x"},
			crashfs.Btrfs: {"d/ d/e/ d/e/f=x"},
		},
	},
	{
		name:  "rename over, data unsynced, then something else is fsynced",
		start: func(s script) { s.write("/f", "old", 0); s.write("/g", "g", 0) },
		script: func(s script) {
			s.write("/t", "new", 0)
			s.rename("/t", "/f")
			s.write("/g", "G", 0)
			s.sync("/g")
		},
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {
				"f= g=G", "f=000 g=G", "f=new g=G", "f=old g=G",
				"f=old g=G t=", "f=old g=G t=000", "f=old g=G t=new",
			},
			crashfs.Ext4:         {"f=000 g=G", "f=new g=G"},
			crashfs.Ext4NoAutoDA: {"f= g=G", "f=000 g=G", "f=new g=G"},
			crashfs.XFS:          {"f= g=G", "f=new g=G"},
			crashfs.Btrfs:        {"f= g=G", "f=new g=G", "f=old g=G", "f=old g=G t=", "f=old g=G t=new"},
		},
	},
	{
		name:  "rename over, file synced, directory not",
		start: func(s script) { s.write("/f", "old", 0) },
		script: func(s script) {
			s.write("/t", "new", 0)
			s.sync("/t")
			s.rename("/t", "/f")
		},
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"f=new", "f=old", "f=old t=new"},
			crashfs.Ext4:  {"f=new", "f=old t=new"},
			crashfs.Btrfs: {"f=new", "f=old t=new"},
		},
	},
	{
		name:  "the whole dance: write, sync, rename, sync the directory",
		start: func(s script) { s.write("/f", "old", 0) },
		script: func(s script) {
			s.write("/t", "new", 0)
			s.sync("/t")
			s.rename("/t", "/f")
			s.syncdir("/")
		},
		want: map[crashfs.Mode][]string{crashfs.Worst: {"f=new"}},
	},
	{
		name:   "unlinks in any order or in the order of the log",
		start:  func(s script) { s.write("/f", "f", 0); s.write("/g", "g", 0) },
		script: func(s script) { s.remove("/f"); s.remove("/g") },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"", "f=f", "f=f g=g", "g=g"},
			crashfs.Ext4:  {"", "f=f g=g", "g=g"},
			crashfs.Btrfs: {"", "f=f", "f=f g=g", "g=g"},
		},
	},
	{
		name:   "truncation and unlink",
		start:  func(s script) { s.write("/f", "abc", 0); s.write("/g", "g", 0) },
		script: func(s script) { s.truncate("/f", 1); s.remove("/g") },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"f=a", "f=a g=g", "f=a00", "f=a00 g=g", "f=abc", "f=abc g=g"},
			crashfs.Ext4:  {"f=a", "f=a g=g", "f=a00 g=g", "f=abc g=g"},
			crashfs.Btrfs: {"f=a", "f=a g=g", "f=a00", "f=a00 g=g", "f=abc", "f=abc g=g"},
		},
	},
	{
		name:   "append in new blocks",
		start:  func(s script) { s.write("/f", strings.Repeat("a", 4096), 0) },
		script: func(s script) { s.write("/f", strings.Repeat("b", 1024), 4096) },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {
				"f=a*4096", "f=a*4096,0*1024", "f=a*4096,0*512,b*512", "f=a*4096,b*1024", "f=a*4096,b*512,0*512",
			},
			crashfs.XFS: {"f=a*4096", "f=a*4096,b*1024"},
		},
	},
	{
		name:   "append in the last block",
		start:  func(s script) { s.write("/f", strings.Repeat("a", 512), 0) },
		script: func(s script) { s.write("/f", strings.Repeat("b", 512), 512) },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"f=a*512", "f=a*512,0*512", "f=a*512,b*512"},
			crashfs.Ext4:  {"f=a*512", "f=a*512,0*512", "f=a*512,b*512"},
			crashfs.XFS:   {"f=a*512", "f=a*512,b*512"},
			crashfs.Btrfs: {"f=a*512", "f=a*512,b*512"},
		},
	},
	{
		name:   "overwrite in place",
		start:  func(s script) { s.write("/f", strings.Repeat("a", 1024), 0) },
		script: func(s script) { s.write("/f", strings.Repeat("b", 1024), 0) },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"f=a*1024", "f=a*512,b*512", "f=b*1024", "f=b*512,a*512"},
			crashfs.Btrfs: {"f=a*1024", "f=b*1024"},
		},
	},
	{
		name:   "a rename that another name depends on",
		start:  func(s script) { s.mkdir("/d"); s.write("/a", "a", 0); s.write("/b", "b", 0) },
		script: func(s script) { s.rename("/a", "/d/a"); s.rename("/b", "/a"); s.syncdir("/d") },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"a=b d/ d/a=a", "b=b d/ d/a=a"},
		},
	},
	{
		name:   "close syncs nothing",
		script: func(s script) { s.write("/f", "x", 0) },
		want: map[crashfs.Mode][]string{
			crashfs.Worst: {"", "f=", "f=0", "f=x"},
			crashfs.XFS:   {"", "f=", "f=x"},
		},
	},
}

func TestModeTable(t *testing.T) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			var want []string
			for _, mode := range []crashfs.Mode{
				crashfs.Worst, crashfs.Ext4, crashfs.Ext4NoAutoDA, crashfs.XFS, crashfs.Btrfs,
			} {
				if w, ok := r.want[mode]; ok {
					want = slices.Sorted(slices.Values(w))
				}
				s := script{t, crashfs.New(crashfs.Options{Mode: mode})}
				if r.start != nil {
					r.start(s)
					s = s.durable()
				}
				r.script(s)
				if got := outcomes(t, s.fs); !slices.Equal(got, want) {
					t.Errorf("%v\n got %q\nwant %q", mode, got, want)
				}
			}
		})
	}
}

func TestHostileGarblesTheDurableBytesOfASector(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{Mode: crashfs.Hostile})}
	s.write("/f", strings.Repeat("a", 1000), 0)
	s = s.durable()
	s.write("/f", "b", 999)
	var intact, garbled int
	for img := range s.fs.Point().States(crashfs.Bound{}) {
		got := content(t, img, "/f")
		if got[:512] != strings.Repeat("a", 512) {
			t.Errorf("the sector before was garbled too")
		}
		if got[512:999] == strings.Repeat("a", 487) {
			intact++
		} else {
			garbled++
		}
	}
	if intact != 2 || garbled != 1 {
		t.Errorf("%d images with the neighbours intact and %d with garbage, want 2 and 1", intact, garbled)
	}
}

func TestAtomsTearAtTheirSize(t *testing.T) {
	for atom, want := range map[int]int{1: 16, 2: 4, 4: 2, 512: 2} {
		s := script{t, crashfs.New(crashfs.Options{Atom: atom})}
		s.write("/f", "aaaa", 0)
		s = s.durable()
		s.write("/f", "bbbb", 0)
		if got := outcomes(t, s.fs); len(got) != want {
			t.Errorf("atom of %d: %d images, want %d: %q", atom, len(got), want, got)
		}
	}
}
