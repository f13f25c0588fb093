package suites

import (
	"fmt"
	"path"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// Rot runs a history to an orderly close, flips each byte of each file of the
// store, one at a time, and opens it. Damage must be refused or make no
// difference; it must never come back as data.
func Rot(h []Op, c Config) Result {
	p := newPool(c.Stop)
	p.result.Histories = 1
	r := newRun(h, c.Disk)
	if err := r.do(c.Durability); err != nil {
		p.fail(&Failure{Verdict: RecoveryFailed, History: h, Where: "no damage at all", Err: err, Seed: replay(h)})
		return p.result
	}
	if err := r.store.Close(); err != nil {
		p.fail(&Failure{Verdict: RecoveryFailed, History: h, Where: "close", Err: err, Seed: replay(h)})
		return p.result
	}
	exp := r.expect([]string{r.done.String()})
	disk := r.fs.Crash(crashfs.KeepAll).Point()
	for _, f := range files(disk.Crash(crashfs.KeepAll), Dir) {
		for off := range f.Size {
			if !p.submit(func() { rotOne(disk, f.Name, off, exp, h, p) }) {
				break
			}
		}
	}
	p.wait()
	return p.result
}

func rotOne(disk *crashfs.Point, name string, off int64, exp *expectation, h []Op, p *pool) {
	img := disk.Crash(crashfs.KeepAll)
	if err := flip(img, name, off); err != nil {
		p.fail(&Failure{Verdict: HarnessBroken, History: h, Where: name, Err: err, Seed: replay(h)})
		return
	}
	where := fmt.Sprintf("byte %d of %s flipped", off, name)
	got, err := openState(img)
	p.mu.Lock()
	p.result.Opens++
	p.mu.Unlock()
	if err != nil {
		return // refused
	}
	if s := got.String(); s != exp.legal[0] {
		p.fail(&Failure{Verdict: SilentCorruption, History: h, Where: where, Image: img, Got: s, Want: exp.legal, Seed: replay(h)})
	}
}

func flip(fsys vfs.FS, name string, off int64) error {
	f, err := fsys.OpenWrite(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		return err
	}
	b[0] ^= 0x55
	_, err = f.WriteAt(b[:], off)
	return err
}

// files lists the files under dir with their whole paths.
func files(fsys vfs.FS, dir string) (all []vfs.Info) {
	list, err := fsys.List(dir)
	if err != nil {
		return nil
	}
	for _, i := range list {
		i.Name = path.Join(dir, i.Name)
		if i.IsDir {
			all = append(all, files(fsys, i.Name)...)
		} else {
			all = append(all, i)
		}
	}
	return all
}
