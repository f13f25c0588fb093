package crashtest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// A loop of one's own: one history after the other, until there are enough
// images or something is found.
func ExampleSession() {
	s := crashtest.NewSession(settingsSystem{}, crashtest.Options{})
	var found *crashtest.Failure
	for i := 0; found == nil && s.Result(nil).Distinct() < 1000; i++ {
		found = s.History(context.Background(), crashtest.Ops(setting{"color", fmt.Sprint("red", i)}))
	}
	fmt.Println(s.Result(found).Verdict)
	// Output: RecoveryFailed
}

// What a session tries is what the functions try that need none.
func TestASessionTriesTheSame(t *testing.T) {
	sys, ctx := logSystem{}, t.Context()
	s := crashtest.NewSession(sys, crashtest.Options{})
	f := s.History(ctx, history)
	want := crashtest.Run(sys, history, crashtest.Options{})
	if got := s.Result(f); got.String() != want.String() {
		t.Errorf("one history: %v, want %v", got, want)
	}

	for _, fault := range crashtest.CommonFaults() {
		s := crashtest.NewSession(sys, crashtest.Options{})
		n := s.Calls(history, fault)
		for i := 1; i <= n+1; i++ {
			hit, f := s.Fault(ctx, history, fault, i)
			if f != nil {
				t.Fatal(f)
			}
			if hit != (i <= n) {
				t.Errorf("%v: call %d of %d: hit %v", fault.On, i, n, hit)
			}
		}
	}
}

// A session that is stopped tries no more, and says nothing wrong.
func TestAStoppedSessionTriesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := crashtest.NewSession(logSystem{noSync: true}, crashtest.Options{})
	if f := s.History(ctx, history); f != nil || s.Result(f).Opened > 0 {
		t.Errorf("%v, %v", f, s.Result(f))
	}
	if f := s.History(t.Context(), history); f == nil {
		t.Error("a store that syncs nothing passed")
	}
}

// Several sessions count the images that they have in common once.
func TestSharedImagesAreCountedOnce(t *testing.T) {
	o := crashtest.Options{Images: new(crashfs.ImageSet)}
	first, second := crashtest.Run(logSystem{}, history, o), crashtest.Run(logSystem{}, history, o)
	if first.Distinct() == 0 || first.Distinct() != o.Images.Len() || second.Distinct() != 0 || second.Opened != first.Opened {
		t.Errorf("%v, then %v; %d in all", first, second, o.Images.Len())
	}
}
