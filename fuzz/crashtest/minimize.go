package crashtest

import "github.com/redis-lite/redis-lite/fuzz/crashfs"

// minimize takes away losses that the failure does not need, so that the report
// shows the smallest reason.
func minimize(f *Failure, image *crashfs.FS, m moment, try func(*crashfs.FS, *expectation) *Failure) *Failure {
	best := image.Origin().Choice
	if g := try(m.point.Crash(best.Chooser()), m.expect); g != nil {
		f = g // the same, with a trace
	}
	for i, budget := 0, 300; i < len(best) && budget > 0; i++ {
		if best[i] == crashfs.Keep {
			continue
		}
		budget--
		smaller := append(crashfs.Choice(nil), best...)
		smaller[i] = crashfs.Keep
		image := m.point.Crash(smaller.Chooser())
		choice := image.Origin().Choice
		if g := try(image, m.expect); g != nil && g.Verdict == f.Verdict && g.stage == f.stage {
			f, best = g, choice
		}
	}
	return f
}
