package crashtest_test

import (
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

var alphabet = append(crashtest.Ops(
	set("a", "1"), set("a", "2", "b", "2"), del("a"), set("b", strings.Repeat("long ", 200)),
), crashtest.Step[change]{Action: crashtest.Reopen})

func TestStoresThatAreRightSurviveEverything(t *testing.T) {
	for name, sys := range map[string]crashtest.System[change]{"file": fileSystem{}, "log": logSystem{}} {
		t.Run(name, func(t *testing.T) {
			r := crashtest.Exhaust(t, sys, alphabet, 3, crashtest.Options{Modes: crashfs.Modes()[:5]})
			if r.Images.Distinct < 500 {
				t.Errorf("only %d images", r.Images.Distinct)
			}
			crashtest.Check(t, sys, drawChange, crashtest.Options{})
		})
	}
}

func TestEveryMistakeIsFoundAndNamed(t *testing.T) {
	syncFails := []crashfs.Fault{{On: crashfs.OpSyncs, Name: "log", Nth: 2}}
	for _, c := range []struct {
		name   string
		sys    crashtest.System[change]
		faults []crashfs.Fault
		want   []crashtest.Verdict
	}{
		{"rename without sync", fileSystem{noSync: true}, nil, []crashtest.Verdict{crashtest.RecoveryFailed}},
		{"rename without directory sync", fileSystem{noDirSync: true}, nil, []crashtest.Verdict{crashtest.Lost}},
		{"overwritten in place", fileSystem{inPlace: true}, nil, []crashtest.Verdict{crashtest.RecoveryFailed}},
		{"acknowledged before the sync", logSystem{noSync: true}, nil, []crashtest.Verdict{crashtest.Lost}},
		{"no checksum", logSystem{noCRC: true}, nil, []crashtest.Verdict{crashtest.Lost, crashtest.SilentCorruption, crashtest.RecoveryFailed}},
		{"appending behind a torn tail", logSystem{noTrim: true}, nil, []crashtest.Verdict{crashtest.Lost, crashtest.RecoveryFailed}},
		{"directory not synced", logSystem{noDirSync: true}, nil, []crashtest.Verdict{crashtest.Lost}},
		{"sync tried again", logSystem{retry: true}, syncFails, []crashtest.Verdict{crashtest.Lost}},
		{"a transaction in parts", logSystem{eachKey: true}, nil, []crashtest.Verdict{crashtest.Torn}},
		{"served and not made durable", logSystem{noRewrite: true}, nil, []crashtest.Verdict{crashtest.Lost}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := crashtest.ExhaustAll(c.sys, alphabet, 3, nil, crashtest.Options{Faults: c.faults, Deep: 1})
			if r.Failure == nil {
				t.Fatalf("not found: %v", r)
			}
			t.Log(r.Failure)
			for _, v := range c.want {
				if r.Verdict == v {
					return
				}
			}
			t.Errorf("verdict %v, want one of %v", r.Verdict, c.want)
		})
	}
}

// What a recovery showed and a power cut took back is not called an acknowledged
// operation, which it was not, and the report says what is missing; of an
// acknowledged one it does not say that.
func TestWhatWasOnlyShownIsNamed(t *testing.T) {
	for sys, shown := range map[crashtest.System[change]]bool{logSystem{noRewrite: true}: true, fileSystem{noDirSync: true}: false} {
		f := crashtest.ExhaustAll(sys, alphabet, 3, nil, crashtest.Options{Deep: 1}).Failure
		if f == nil || f.Verdict != crashtest.Lost {
			t.Fatalf("%+v: %v", sys, f)
		}
		for _, text := range []string{f.String(), string(f.HTML())} {
			for _, want := range []string{"what a recovery had shown is gone", "or set Options.Loose"} {
				if strings.Contains(text, want) != shown {
					t.Errorf("%+v: %q is there: %v\n%s", sys, want, !shown, f)
				}
			}
			if strings.Contains(text, "an acknowledged operation is gone") == shown {
				t.Errorf("%+v: the verdict's text is\n%s", sys, f)
			}
		}
	}
}

func FuzzLogStore(f *testing.F) {
	crashtest.Fuzz(f, logSystem{}, drawChange, crashtest.Options{})
}
