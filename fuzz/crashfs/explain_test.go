package crashfs_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// replace is the classic mistake: write a new file, rename it over the old one,
// and sync nothing.
func replace(s script) {
	s.write("/conf.new", "new", 0)
	s.rename("/conf.new", "/conf")
	s.syncdir("/")
}

func TestExplainNamesTheLossItsReasonAndItsLine(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.write("/conf", "old", 0)
	s = s.durable()
	replace(s)
	img := s.fs.Crash(func(_ int, e *crashfs.Effect) crashfs.Fate {
		if e.Kind == crashfs.Data {
			return crashfs.Lose
		}
		return crashfs.Keep
	})
	if got := tree(t, img); got != "conf=000" {
		t.Fatalf("the image is %s", got)
	}
	text := img.Explain().String()
	for _, want := range []string{
		`mode worst`, `choice "l k"`,
		"LOST    data /conf.new [0,512)",
		"because nothing synced /conf.new after it was issued: syncing the directory",
		"covers names, not the data in the files",
		"crashfs/help_test.go:",
		"kept    size /conf.new 0 -> 3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

func TestPermitsTellsWhichFileSystemsLoseARename(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.write("/conf", "old", 0)
	s = s.durable()
	replace(s)
	empty := s.fs.Crash(crashfs.LoseAll)
	if got := tree(t, empty); got != "conf=" {
		t.Fatalf("the image is %s", got)
	}
	for mode, want := range map[crashfs.Mode]bool{
		crashfs.Worst: true, crashfs.Ext4: false, crashfs.Ext4NoAutoDA: true, crashfs.XFS: true, crashfs.Btrfs: true,
	} {
		if got, why := empty.Permits(mode); got != want {
			t.Errorf("%v: permits %v (%s), want %v", mode, got, why, want)
		}
	}
	_, why := empty.Permits(crashfs.Ext4)
	if !strings.Contains(why, "syncdir in call") {
		t.Errorf("why not ext4: %q", why)
	}
}

func TestAChoiceReplays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := crashfs.New(crashfs.Options{Mode: rapid.SampledFrom(crashfs.Modes()).Draw(rt, "mode"), Atom: 1})
		for i, s := range drawSteps(rt, 12) {
			s.letter = byte('A' + i)
			perform(t, f, s)
		}
		img := f.Crash(crashfs.Random(rapid.Uint64().Draw(rt, "seed")))
		text := img.Origin().Choice.String()
		choice, err := crashfs.ParseChoice(text)
		if err != nil {
			rt.Fatal(err)
		}
		if !slices.Equal(choice, img.Origin().Choice) {
			rt.Fatalf("%q was read as %q", text, choice)
		}
		if again := f.Crash(choice.Chooser()); again.Hash() != img.Hash() {
			rt.Fatalf("the choice %q gave another image", text)
		}
	})
}

func TestBadChoicesAreRefused(t *testing.T) {
	for _, s := range []string{"x", "k0", "k-1", "kk", "l99999999999999999999", "k 3"} {
		if _, err := crashfs.ParseChoice(s); err == nil {
			t.Errorf("%q was taken for a choice", s)
		}
	}
}

func TestStatesOfAPointAreDistinctAndCounted(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.write("/f", "one", 0)
	var census crashfs.Census
	seen := make(map[uint64]bool)
	for range 2 { // the second time there is nothing new
		for img := range s.fs.Point().States(crashfs.Bound{Census: &census}) {
			if seen[img.Hash()] {
				t.Errorf("the image of %v came twice", img.Origin().Choice)
			}
			seen[img.Hash()] = true
		}
	}
	n := census.Counts()
	if n.Points != 2 || n.Distinct != len(seen) || n.Distinct != 4 || n.States < 2*4 {
		t.Errorf("counts: %v", n)
	}
	if u := n.Untried(); len(u) != 0 {
		t.Errorf("untried: %v", u)
	}
	for img := range s.fs.Point().States(crashfs.Bound{Census: &census, Salt: 1}) {
		_ = img // with another salt they all come again
	}
	if again := census.Counts().Distinct; again != 8 {
		t.Errorf("with another salt %d distinct images in all, want 8", again)
	}
}

func TestManyPendingEffectsAreSampled(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.write("/f", strings.Repeat("x", 20*512), 0)
	images := outcomes(t, s.fs)
	for _, want := range []string{"", "f=x*10240", "f=", "f=0*10240", "f=0*512,x*9728", "f=x*9728,0*512", "f=x*4096"} {
		if !slices.Contains(images, want) {
			t.Errorf("%q is not among %d images", want, len(images))
		}
	}
}

func TestTheSameImageHasTheSameHashWhateverItsHistory(t *testing.T) {
	a, b := script{t, crashfs.New(crashfs.Options{})}, script{t, crashfs.New(crashfs.Options{})}
	a.write("/f", "xyz", 0)
	a.mkdir("/d")
	b.mkdir("/d")
	b.write("/g", "xyz", 0)
	b.write("/f", "x--", 0)
	b.write("/f", "yz", 1)
	b.remove("/g")
	a, b = a.durable(), b.durable()
	if a.fs.Hash() != b.fs.Hash() {
		t.Error("two ways to one image give two hashes")
	}
	b.write("/f", "Z", 2)
	if a.fs.Hash() == b.durable().fs.Hash() {
		t.Error("two images have one hash")
	}
}

func FuzzParseChoice(f *testing.F) {
	for _, s := range []string{"-", "", "k", "k3 l g12", "l0", "k 1", "z", "k99999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := crashfs.ParseChoice(s)
		if err != nil {
			return
		}
		again, err := crashfs.ParseChoice(c.String())
		if err != nil || !slices.Equal(c, again) {
			t.Errorf("%q: %q read again: %v", s, c, err)
		}
	})
}
