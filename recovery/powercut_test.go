package recovery_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
)

// promising are the modes in which recovery owes everything. (Hostile garbles
// durable neighbours of what was unsynced.)
func promising() (modes []crashfs.Mode) {
	for _, m := range crashfs.Modes() {
		if m != crashfs.Hostile {
			modes = append(modes, m)
		}
	}
	return modes
}

// recovered checks what an open after a crash finds.
func recovered(fsys vfs.FS, want keys, next uint64) error {
	s, got, err := tryOpen(fsys)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, got.Keys); diff != "" {
		return fmt.Errorf("contents (-want +got):\n%s", diff)
	}
	if s.NextLSN != next {
		return fmt.Errorf("next LSN %d, want %d", s.NextLSN, next)
	}
	return nil
}

// The power goes before every step of recovery, the disk keeps any legal part of
// what was not durable, and the power goes once more in the recovery after that:
// what comes back is always the same.
func TestPowerCutAtEveryStepOfRecovery(t *testing.T) {
	for _, mode := range promising() {
		for _, c := range needy {
			t.Run(fmt.Sprintf("%v/%s", mode, c.name), func(t *testing.T) {
				fsys := crashfs.New(crashfs.Options{Mode: mode, NoTrace: true})
				b := recoverytest.New(t, fsys, dir)
				c.build(b)
				var census crashfs.Census
				step, seed := -1, uint64(0)
				fsys.SetHook(func(*crashfs.Call) {
					p := fsys.Point()
					if p.Step() == step {
						return
					}
					step = p.Step()
					for image := range p.States(crashfs.Bound{Exhaustive: 8, Pairs: 8, Random: 8, Seed: uint64(step), Census: &census}) {
						seed++
						image.CrashAt(int(1 + seed%17))
						if err := recovered(image, c.want, c.next); err != nil && !errors.Is(err, crashfs.ErrCrashed) {
							t.Fatalf("step %d, %v: %v", step, image.Origin(), err)
						}
						again := image.Crash(crashfs.Random(seed))
						if err := recovered(again, c.want, c.next); err != nil {
							t.Fatalf("step %d, %v, and again %v: %v", step, image.Origin(), again.Origin(), err)
						}
						// What was served is durable: nothing can take it back.
						last := again.Crash(crashfs.LoseAll)
						if err := recovered(last, c.want, c.next); err != nil {
							t.Fatalf("step %d: recovered, then all that was pending was lost: %v", step, err)
						}
						if err := wantQuarantined(last, c.quarantined); err != nil {
							t.Fatalf("step %d, %v, and again %v: %v", step, image.Origin(), again.Origin(), err)
						}
					}
				})
				s, _ := mustOpen(t, fsys)
				if err := startLog(t, s).Close(); err != nil {
					t.Fatal(err)
				}
				fsys.SetHook(nil)
				n := census.Counts()
				if n.States < 10 {
					t.Fatalf("only %d states", n.States)
				}
				if testing.Verbose() {
					t.Log(n)
				}
			})
		}
	}
}

// unsynced is a live log's end in the page cache: frames that were written and
// never synced, by a process that was killed.
func unsynced(t *testing.T, mode crashfs.Mode, flags uint8, sync func(vfs.File) error, inject func(*crashfs.FS)) (*crashfs.FS, keys) {
	t.Helper()
	fsys := crashfs.New(crashfs.Options{Mode: mode, NoTrace: true})
	b := recoverytest.New(t, fsys, dir)
	s := b.Segment()
	s.Frame(synced, set("a", "1"))
	s.Frame(synced, set("b", "2"))
	durable := s.End()
	s.Fill(8192)
	b.Write()
	s.Buf = s.Buf[:durable]
	s.Frame(flags, set("c", strings.Repeat("3", 600)))
	if flags == 0 {
		s.Frame(0, set("d", "4"))
	}
	if inject != nil {
		inject(fsys)
	}
	f, err := fsys.OpenWrite(b.SegmentPath(s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(s.Buf[durable:], durable); err != nil {
		t.Fatal(err)
	}
	if sync != nil {
		if err := sync(f); err == nil {
			t.Fatal("the sync was to fail")
		}
	}
	want := keys{"a": "1", "b": "2", "c": strings.Repeat("3", 600)}
	if flags == 0 {
		want["d"] = "4"
	}
	return fsys.Kill(), want
}

// A process is killed before its fsync, or after one that failed; another one
// recovers, shows what it finds in the page cache, perhaps writes more; then the
// power goes. What was shown is there, whatever else the disk lost.
func TestWhatWasServedSurvives(t *testing.T) {
	for _, mode := range promising() {
		for name, start := range map[string]func(t *testing.T) (*crashfs.FS, keys){
			"killed before the fsync": func(t *testing.T) (*crashfs.FS, keys) {
				return unsynced(t, mode, synced, nil, nil)
			},
			"killed with lazily written frames": func(t *testing.T) (*crashfs.FS, keys) {
				return unsynced(t, mode, 0, nil, nil)
			},
			"killed after a failed fsync that left the pages clean": func(t *testing.T) (*crashfs.FS, keys) {
				return unsynced(t, mode, synced, vfs.File.DataSync, func(f *crashfs.FS) {
					f.Inject(crashfs.Fault{On: crashfs.OpSyncs, Do: crashfs.SyncLost})
				})
			},
		} {
			t.Run(fmt.Sprintf("%v/%s", mode, name), func(t *testing.T) {
				fsys, full := start(t)
				s, got := mustOpen(t, fsys)
				wantKeys(t, got, full)
				check := func(want keys, next uint64) {
					t.Helper()
					for image := range fsys.Point().States(crashfs.Bound{Exhaustive: 10}) {
						if err := recovered(image, want, next); err != nil {
							t.Fatalf("%v: %v", image.Origin(), err)
						}
					}
				}
				check(full, s.NextLSN)
				log := startLog(t, s)
				lsn := write(t, log, set("z", "z"))
				more := maps.Clone(full)
				more["z"] = "z"
				check(more, lsn+1)
				fsys.Stop()
				if err := log.Close(); err == nil {
					t.Fatal("closed on a dead disk")
				}
			})
		}
	}
}

// The power goes while such a process recovers: a prefix comes back, with all
// that was durable, and never anything that looks like damage.
func TestPowerCutWhileUnprovenFramesAreRecovered(t *testing.T) {
	for _, mode := range promising() {
		for _, flags := range []uint8{synced, 0} {
			t.Run(fmt.Sprintf("%v/%d", mode, flags), func(t *testing.T) {
				fsys, full := unsynced(t, mode, flags, nil, nil)
				step := -1
				fsys.SetHook(func(*crashfs.Call) {
					p := fsys.Point()
					if p.Step() == step {
						return
					}
					step = p.Step()
					for image := range p.States(crashfs.Bound{Exhaustive: 10, Seed: uint64(step)}) {
						_, got, err := tryOpen(image)
						if err != nil {
							t.Fatalf("step %d, %v: %v", step, image.Origin(), err)
						}
						if len(got.LSNs) < 2 || got.LSNs[len(got.LSNs)-1] != uint64(len(got.LSNs)) {
							t.Fatalf("step %d: commits %v", step, got.LSNs)
						}
						for k, v := range got.Keys {
							if full[k] != v {
								t.Fatalf("step %d: %q is %q", step, k, v)
							}
						}
					}
				})
				if _, _, err := tryOpen(fsys); err != nil {
					t.Fatal(err)
				}
				fsys.SetHook(nil)
			})
		}
	}
}

// A store begins: the power goes before every step of its creation, again in the
// next, and then it is a store that keeps what is written.
func TestPowerCutDuringCreation(t *testing.T) {
	for _, mode := range promising() {
		t.Run(mode.String(), func(t *testing.T) {
			fsys := crashfs.New(crashfs.Options{Mode: mode, NoTrace: true})
			var census crashfs.Census
			step, seed := -1, uint64(0)
			fsys.SetHook(func(*crashfs.Call) {
				p := fsys.Point()
				if p.Step() == step {
					return
				}
				step = p.Step()
				for image := range p.States(crashfs.Bound{Exhaustive: 8, Seed: uint64(step), Census: &census}) {
					seed++
					image.CrashAt(int(1 + seed%23))
					if err := create(image); err != nil && !errors.Is(err, crashfs.ErrCrashed) {
						t.Fatalf("step %d, %v: %v", step, image.Origin(), err)
					}
					again := image.Crash(crashfs.Random(seed))
					s, got := mustOpen(t, again)
					wantKeys(t, got, keys{})
					log := startLog(t, s)
					write(t, log, set("a", "1"))
					last := again.Crash(crashfs.LoseAll)
					if err := recovered(last, keys{"a": "1"}, 2); err != nil {
						t.Fatalf("step %d, %v, and again %v: %v", step, image.Origin(), again.Origin(), err)
					}
				}
			})
			if err := create(fsys); err != nil {
				t.Fatal(err)
			}
			fsys.SetHook(nil)
		})
	}
}

// A backup is restored, or a damaged store salvaged: until MANIFEST is there,
// there is no store, which Open says, and the same command begins again; from
// then on there is all of it.
func TestPowerCutDuringRestore(t *testing.T) {
	for _, mode := range promising() {
		t.Run(mode.String(), func(t *testing.T) {
			fsys := crashfs.New(crashfs.Options{Mode: mode, NoTrace: true})
			b := recoverytest.New(t, fsys, dir)
			three(b)
			b.Write()
			step, finished, refused := -1, 0, 0
			hook := func(*crashfs.Call) {
				p := fsys.Point()
				if p.Step() == step {
					return
				}
				step = p.Step()
				for image := range p.States(crashfs.Bound{Exhaustive: 8, Pairs: 10, Random: 16, Seed: uint64(step)}) {
					if _, err := image.Stat(vfs.Join(dst, recovery.ManifestName)); err == nil {
						_, got := openAt(t, image, dst)
						wantKeys(t, got, abc)
						// Open swept the marker, and nothing takes this for unfinished.
						if err := recovery.Vacant(image, dst); !errors.Is(err, fs.ErrExist) {
							t.Fatalf("step %d, %v: a finished store could be made anew: %v", step, image.Origin(), err)
						}
						finished++
						continue
					}
					// Not a damaged store: none, recognisably, or nothing at all yet.
					if err := recovery.Check(image, dst); errors.Is(err, recovery.ErrNotAStore) {
						if !strings.Contains(err.Error(), "did not finish") {
							t.Fatalf("step %d, %v: %v", step, image.Origin(), err)
						}
						refused++
					} else if err != nil {
						t.Fatalf("step %d, %v: %v", step, image.Origin(), err)
					} else if names, err := image.List(dst); err == nil && len(names) > 2 { // LOCK, and a temporary file
						t.Fatalf("step %d, %v: %v would be taken for a new store", step, image.Origin(), names)
					}
					// The same command again, and again the power goes in it.
					image.CrashAt(1 + step%9)
					_, err := recovery.Recover(t.Context(), image, dir, dst, recovery.RecoverOptions{})
					if err != nil && !errors.Is(err, crashfs.ErrCrashed) {
						t.Fatalf("step %d, %v, again: %v", step, image.Origin(), err)
					}
					again := image.Crash(crashfs.Random(uint64(step)))
					if _, err := again.Stat(vfs.Join(dst, recovery.ManifestName)); err != nil {
						if _, err := recovery.Recover(t.Context(), again, dir, dst, recovery.RecoverOptions{}); err != nil {
							t.Fatalf("step %d, %v, %v: %v", step, image.Origin(), again.Origin(), err)
						}
					}
					_, got := openAt(t, again.Crash(crashfs.LoseAll), dst)
					wantKeys(t, got, abc)
				}
			}
			fsys.SetHook(hook)
			if _, err := recovery.Recover(t.Context(), fsys, dir, dst, recovery.RecoverOptions{}); err != nil {
				t.Fatal(err)
			}
			fsys.SetHook(nil)
			_, got := openAt(t, fsys.Crash(crashfs.LoseAll), dst)
			wantKeys(t, got, abc)
			if finished == 0 || refused == 0 {
				t.Errorf("%d images with a store, %d that say it did not finish: one kind was not seen", finished, refused)
			}
		})
	}
}
