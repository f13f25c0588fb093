package kernel_test

import (
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/kernel"
	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

func traceOptions(t *testing.T) kernel.TraceOptions {
	t.Helper()
	if reason := kernel.StraceAvailable(); reason != "" {
		t.Skip("not run: " + reason)
	}
	dir := t.TempDir()
	return kernel.TraceOptions{
		Dir: func() string { return dir }, Command: child, Seed: seed(t), Time: 4 * length(), Scratch: t.TempDir(),
	}
}

func TestSystemCallsComeInTheOrderThatDurabilityRestsOn(t *testing.T) {
	wrong, report, err := kernel.Order(traceOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", report)
	for _, w := range wrong {
		t.Error(w)
	}
	for _, what := range []string{"acknowledgements", "syncs", "renames", "manifests", "segments", "snapshots", "unlinks"} {
		if report.Checked[what] == 0 {
			t.Errorf("the run had no %s: nothing was checked of them", what)
		}
	}
}

func TestNothingAcknowledgedIsLostWhenASystemCallFails(t *testing.T) {
	faults(t, traceOptions(t))
}

func faults(t *testing.T, o kernel.TraceOptions) {
	t.Helper()
	report, err := kernel.Faults(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\nafter %v", err, report)
	}
	t.Logf("real-kernel cycles: %v, 0 lost\n%v", report, report.Injected)
	made := map[string]int{}
	for what, n := range report.Injected {
		_, kind, _ := strings.Cut(what, " ")
		made[kind] += n
	}
	for _, kind := range []string{"EIO", "ENOSPC", "killed"} {
		if made[kind] == 0 {
			t.Errorf("no fault of the kind %s was made", kind)
		}
	}
}

func TestNothingAcknowledgedIsLostWhenASystemCallFailsAndThePowerThen(t *testing.T) {
	if reason := loopfs.Available(loopfs.Ext4); reason != "" {
		t.Skip("not run: " + reason)
	}
	f, err := loopfs.New(loopfs.Ext4)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := traceOptions(t)
	o.Dir = f.Dir
	o.After = func() error {
		if err := f.Cut(loopfs.Shutdown); err != nil {
			return err
		}
		return f.Remount()
	}
	faults(t, o)
}
