package crashfs

import (
	"fmt"
	"io/fs"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// Open implements vfs.FS.
func (f *FS) Open(name string) (vfs.File, error) { return f.open(OpOpen, name) }

// OpenWrite implements vfs.FS.
func (f *FS) OpenWrite(name string) (vfs.File, error) { return f.open(OpOpenWrite, name) }

func (f *FS) open(op Op, name string) (vfs.File, error) {
	c := &Call{Op: op, Name: name}
	if err := f.enter(c); err != nil {
		return nil, err
	}
	defer f.leave(c, nil)
	ino, err := f.walk(split(name))
	switch {
	case err != nil:
		return nil, pathError(op, name, err)
	case f.inodes[ino].dir:
		return nil, pathError(op, name, syscall.EISDIR)
	}
	return &file{fs: f, ino: ino, name: name, write: op == OpOpenWrite}, nil
}

// Create implements vfs.FS.
func (f *FS) Create(name string) (vfs.File, error) {
	c := &Call{Op: OpCreate, Name: name}
	if err := f.enter(c); err != nil {
		return nil, err
	}
	ino, err := f.create(c, name)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	if err != nil {
		return nil, err
	}
	return &file{fs: f, ino: ino, name: name, write: true}, nil
}

// create makes an empty file and issues its Link.
func (f *FS) create(c *Call, name string) (int, error) {
	dir, base, old, err := f.locate(name)
	switch {
	case err != nil:
		return none, pathError(c.Op, name, err)
	case old != none:
		return none, pathError(c.Op, name, fs.ErrExist)
	}
	ino := len(f.inodes)
	f.inodes = append(f.inodes, &inode{own: f.own, parent: dir})
	f.issue(c, &Effect{Kind: Link, Name: name, ino: ino, journal: true, slots: []slot{{dir, base, ino}}})
	return ino, nil
}

// CreateTemp implements vfs.FS. Names are numbered, so that a history that is
// replayed makes the same ones.
func (f *FS) CreateTemp(target string) (vfs.TempFile, error) {
	c := &Call{Op: OpCreateTemp, Name: target}
	if err := f.enter(c); err != nil {
		return nil, err
	}
	var name string
	for {
		f.temps++
		name = vfs.Join(vfs.Dir(target), fmt.Sprintf(".%s.%d.tmp", vfs.Base(target), f.temps))
		if _, err := f.walk(split(name)); err != nil {
			break
		}
	}
	c.Name, c.To = name, target
	ino, err := f.create(c, name)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	if err != nil {
		return nil, err
	}
	return &tempFile{file: file{fs: f, ino: ino, name: name, write: true}, target: target}, nil
}

// Mkdir implements vfs.FS.
func (f *FS) Mkdir(name string) error {
	c := &Call{Op: OpMkdir, Name: name}
	if err := f.enter(c); err != nil {
		return err
	}
	err := f.mkdir(c, name)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	return err
}

func (f *FS) mkdir(c *Call, name string) error {
	dir, base, old, err := f.locate(name)
	switch {
	case old != none:
		return pathError(c.Op, name, fs.ErrExist)
	case err != nil:
		return pathError(c.Op, name, err)
	}
	ino := len(f.inodes)
	f.inodes = append(f.inodes, &inode{own: f.own, dir: true, parent: dir})
	f.issue(c, &Effect{Kind: Mkdir, Name: name, ino: ino, journal: true, slots: []slot{{dir, base, ino}}})
	return nil
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldname, newname string) error {
	c := &Call{Op: OpRename, Name: oldname, To: newname}
	if err := f.enter(c); err != nil {
		return err
	}
	err := f.rename(c, oldname, newname)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	return err
}

func (f *FS) rename(c *Call, oldname, newname string) error {
	odir, obase, ino, err := f.locate(oldname)
	if err == nil && ino == none {
		err = fs.ErrNotExist
	}
	if err != nil {
		return pathError(c.Op, oldname, err)
	}
	ndir, nbase, victim, err := f.locate(newname)
	if err != nil {
		return pathError(c.Op, newname, err)
	}
	n := f.inodes[ino]
	if victim == ino {
		return nil
	}
	if victim != none {
		v := f.inodes[victim]
		switch {
		case v.dir && !n.dir:
			return pathError(c.Op, newname, syscall.EISDIR)
		case !v.dir && n.dir:
			return pathError(c.Op, newname, syscall.ENOTDIR)
		case v.dir && len(v.volEnts) > 0:
			return pathError(c.Op, newname, syscall.ENOTEMPTY)
		}
	}
	if n.dir {
		for d := ndir; ; d = f.inodes[d].parent { // a directory cannot move below itself
			if d == ino {
				return pathError(c.Op, newname, syscall.EINVAL)
			}
			if d == root {
				break
			}
		}
		f.node(ino).parent = ndir
	}
	f.refund(victim)
	f.issue(c, &Effect{
		Kind: Rename, Name: oldname, To: newname, ino: ino, journal: true, replaces: victim != none,
		slots: []slot{{odir, obase, none}, {ndir, nbase, ino}},
	})
	return nil
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	c := &Call{Op: OpRemove, Name: name}
	if err := f.enter(c); err != nil {
		return err
	}
	err := f.remove(c, name)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	return err
}

func (f *FS) remove(c *Call, name string) error {
	dir, base, ino, err := f.locate(name)
	if err == nil && ino == none {
		err = fs.ErrNotExist
	}
	if err != nil {
		return pathError(c.Op, name, err)
	}
	if n := f.inodes[ino]; n.dir && len(n.volEnts) > 0 {
		return pathError(c.Op, name, syscall.ENOTEMPTY)
	}
	f.refund(ino)
	f.issue(c, &Effect{Kind: Unlink, Name: name, ino: ino, journal: true, slots: []slot{{dir, base, none}}})
	return nil
}

// refund gives back the room of a file that loses its name.
func (f *FS) refund(ino int) {
	if ino != none && f.limited && !f.inodes[ino].dir {
		f.free += f.inodes[ino].vol.size
	}
}

// List implements vfs.FS.
func (f *FS) List(dir string) ([]vfs.Info, error) {
	c := &Call{Op: OpList, Name: dir}
	if err := f.enter(c); err != nil {
		return nil, err
	}
	defer f.leave(c, nil)
	ino, err := f.walk(split(dir))
	switch {
	case err != nil:
		return nil, pathError(c.Op, dir, err)
	case !f.inodes[ino].dir:
		return nil, pathError(c.Op, dir, syscall.ENOTDIR)
	}
	infos := make([]vfs.Info, 0, len(f.inodes[ino].volEnts))
	for _, e := range f.inodes[ino].volEnts {
		infos = append(infos, f.info(e.name, e.ino))
	}
	return infos, nil
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (vfs.Info, error) {
	c := &Call{Op: OpStat, Name: name}
	if err := f.enter(c); err != nil {
		return vfs.Info{}, err
	}
	defer f.leave(c, nil)
	ino, err := f.walk(split(name))
	if err != nil {
		return vfs.Info{}, pathError(c.Op, name, err)
	}
	return f.info(vfs.Base(name), ino), nil
}

func (f *FS) info(name string, ino int) vfs.Info {
	n := f.inodes[ino]
	if n.dir {
		return vfs.Info{Name: name, IsDir: true}
	}
	return vfs.Info{Name: name, Size: n.vol.size}
}

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(dir string) error {
	c := &Call{Op: OpSyncDir, Name: dir}
	if err := f.enter(c); err != nil {
		return err
	}
	err := f.syncDir(c, dir)
	f.leave(c, err)
	return err
}

func (f *FS) syncDir(c *Call, dir string) error {
	ino, err := f.walk(split(dir))
	switch {
	case err != nil:
		return pathError(c.Op, dir, err)
	case !f.inodes[ino].dir:
		return pathError(c.Op, dir, syscall.ENOTDIR)
	}
	return f.barrier(c, ino)
}
