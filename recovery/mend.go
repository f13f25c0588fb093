package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// jump is how far the LSNs move on, at least, when something was cut.
const jump = 1 << 20

// leap is how far the LSNs move on behind a segment with that reach: no more
// bytes than the reach ever stand unsynced, and a commit takes eight at least.
// So no LSN that anybody may have seen of what is gone is given out again.
func leap(reach int64) uint64 { return max(jump, uint64(reach)/8) }

// mender makes the directory agree with what an attempt has read. Its steps, in
// their order and with the crash that each order survives, are described in the
// package's documentation; each can be repeated at will.
type mender struct {
	*attempt
	fs       vfs.FS
	dir      string
	file     *ManifestFile
	rejected []Rejected // as in the attempt, with where they lie now
	raised   uint64     // the floor of LSNs
}

func newMender(a *attempt) *mender {
	m := &mender{attempt: a, fs: a.o.FS, dir: a.o.Dir, raised: a.manifest.NextLSN}
	m.file = newManifestFile(m.fs, m.dir, a.manifest, false)
	m.rejected = slices.Clone(a.rejected)
	if a.torn != nil || a.manifest.Lazy {
		m.raised = max(m.raised, a.tail.NextLSN+leap(a.tail.Header.Reach))
	}
	return m
}

// mendStep is one step, and what it is doing for a DiskFullError to say.
type mendStep struct {
	doing string
	do    func(context.Context) error
}

func (m *mender) steps() []mendStep {
	return []mendStep{
		{stepRewrite, m.rewrite},
		{"set a rotten snapshot aside", m.setAside},
		{"keep a copy of the torn tail", m.keepTail},
		{"finish a rotation", m.adopt},
		{"replace MANIFEST", m.replaceManifest},
		{"cut the torn tail", m.cut},
	}
}

// stepRewrite is the step before which nothing of the unproven end may be served.
const stepRewrite = "write the end of the log again"

// mend runs the steps. On an error it returns what was being done.
func (m *mender) mend(ctx context.Context) (doing string, err error) {
	for _, s := range m.steps() {
		if err := ctx.Err(); err != nil {
			return s.doing, err
		}
		if err := s.do(ctx); err != nil {
			return s.doing, err
		}
	}
	m.sweep()
	return "", nil
}

// rewrite writes the frames that nothing proves durable over themselves, and
// syncs. An fsync alone would write nothing where the kernel believes the pages
// clean: it says so after a failed write-back too, and then what was read here
// stands in memory only.
func (m *mender) rewrite(ctx context.Context) error {
	u := m.unproven
	if m.tail.Seq == 0 || u.from == u.to {
		return nil
	}
	name := segmentPath(m.dir, m.tail.Seq)
	s, err := openSegment(m.fs, m.dir, m.tail.Seq, m.manifest.Store)
	if err != nil {
		return err
	}
	defer s.Close()
	f, err := m.fs.OpenWrite(name)
	if err != nil {
		return err
	}
	defer f.Close()
	c := &cursor{segment: s, off: u.from, link: u.link, next: u.lsn}
	var buf []byte
	_, err = c.walk(ctx, u.to, func(frame *wal.Frame) error {
		h := &frame.Header
		buf = wal.AppendFrame(buf[:0], s.Header.Salt, h.PrevLink, h.FirstLSN, h.Count, h.Flags, frame.Body)
		m.report.Rewritten++
		_, err := f.WriteAt(buf, frame.Offset)
		return err
	})
	if err != nil {
		return err
	}
	if c.off != u.to {
		return &CorruptionError{File: name, Offset: c.off, LSN: c.next, Reason: "it read differently a second time"}
	}
	// Not only the data: the file may have grown with these frames.
	if err := f.Sync(); err != nil {
		return err
	}
	m.report.RewrittenBytes = u.to - u.from
	return nil
}

// setAside moves rotten snapshots to quarantine/. A rename is one step, so a
// crash leaves the file in one of the two places; where it is gone from snap/,
// the next attempt rejects it as missing.
func (m *mender) setAside(context.Context) error {
	moved := false
	for i := range m.rejected {
		r := &m.rejected[i]
		if _, there := find(m.layout.snapshots, r.LSN); !there {
			continue
		}
		to, err := moveToQuarantine(m.fs, m.dir, r.File)
		if err != nil {
			return err
		}
		r.Quarantine = to
		m.report.Quarantined = append(m.report.Quarantined, to)
		moved = true
	}
	m.report.Rejected = m.rejected
	if !moved {
		return nil
	}
	return syncMove(m.fs, m.dir)
}

// keepTail copies the torn tail to quarantine/.
func (m *mender) keepTail(ctx context.Context) error {
	if m.torn == nil {
		return nil
	}
	name, err := copyToQuarantine(ctx, m.fs, m.dir, segmentPath(m.dir, m.tail.Seq), m.tail.Offset, m.torn.end)
	if err != nil {
		return err
	}
	m.report.Cut.Quarantine = name
	m.report.Quarantined = append(m.report.Quarantined, name)
	return nil
}

// adopt makes the name of an unlisted segment durable, by publishing the same
// header under it once more. Syncing the directory alone would trust a sync of
// which an earlier one may have failed.
func (m *mender) adopt(context.Context) error {
	if !m.orphan {
		return nil
	}
	name := segmentPath(m.dir, m.tail.Seq)
	block, err := m.tail.Header.Encode()
	if err != nil {
		return fmt.Errorf("recovery: %s: %w", name, err)
	}
	if err := publish(m.fs, name, func(f vfs.File) error {
		_, err := f.WriteAt(block, 0)
		return err
	}); err != nil {
		return err
	}
	m.tail.Filled = wal.HeaderBlock
	m.report.Adopted = m.tail.Seq
	return nil
}

// replaceManifest always writes: see the package's documentation.
func (m *mender) replaceManifest(context.Context) error {
	return m.file.Update(func(next *Manifest) error {
		next.Snapshots = slices.DeleteFunc(next.Snapshots, func(s SnapshotRef) bool {
			return slices.ContainsFunc(m.rejected, func(r Rejected) bool { return r.LSN == s.LSN })
		})
		next.Active = m.tail.Seq
		next.NextLSN = m.raised
		next.Lazy = false // the floor says it all; StartLog sets it anew
		return nil
	})
}

// cut takes the torn tail off. The segment is not written again: the log goes on
// in a new one that declares this end, so that no stale byte can ever come to
// stand behind a new frame.
func (m *mender) cut(context.Context) error {
	if m.torn == nil {
		return nil
	}
	f, err := m.fs.OpenWrite(segmentPath(m.dir, m.tail.Seq))
	if err != nil {
		return err
	}
	if err := f.Truncate(m.tail.Offset); err != nil {
		return also(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return also(err, f.Close())
	}
	m.tail.Filled = m.tail.Offset
	m.report.Cut.Done = true
	return f.Close()
}

// sweep removes leavings. A failure is only worth a line in the log: they are
// ignored anyway, and the next open tries again. The directories are not synced;
// a leaving that a crash brings back is the same leaving.
func (m *mender) sweep() {
	names := slices.Clone(m.layout.temps)
	listed := m.file.Get()
	for _, s := range m.layout.segments {
		if s.number < listed.First {
			names = append(names, segmentPath(m.dir, s.number))
		}
	}
	var odd []string
	for _, s := range m.layout.snapshots {
		isListed := slices.ContainsFunc(listed.Snapshots, func(r SnapshotRef) bool { return r.LSN == s.number })
		wasMoved := slices.ContainsFunc(m.rejected, func(r Rejected) bool { return r.LSN == s.number })
		if isListed || wasMoved {
			continue
		}
		name := snapshotPath(m.dir, s.number)
		switch left, err := m.leftByCompaction(s.number); {
		case err != nil:
			m.o.Logger.Warn("an unlisted snapshot could not be read, and stays", "file", name, "err", err)
		case left:
			names = append(names, name)
		default:
			odd = append(odd, name)
		}
	}
	m.report.Swept = sweep(m.fs, m.o.Logger, names)
	m.keepOdd(odd)
}

// leftByCompaction says whether an unlisted snapshot is what a compaction leaves
// that was interrupted: the image that MANIFEST was about to name, or one that it
// had just let go. Anything else came there by hand (a copy, one of another
// store, a listed one under a new name), or is rotten, and is not ours to delete.
func (m *mender) leftByCompaction(lsn uint64) (bool, error) {
	listed := m.manifest.Snapshots
	if n := len(listed); len(m.rejected) > 0 || n > 0 && lsn > listed[0].LSN && lsn < listed[n-1].LSN {
		return false, nil
	}
	r, err := snapshot.Open(m.fs, snapshotPath(m.dir, lsn), snapshot.ReaderOptions{Codecs: m.o.Codecs})
	if err != nil {
		err = translateSnapshot(err, snapshotPath(m.dir, lsn))
		if errors.Is(err, ErrCorrupt) {
			return false, nil
		}
		return false, err
	}
	meta := r.Meta()
	ours := meta.Store == m.manifest.Store || slices.ContainsFunc(listed, func(r SnapshotRef) bool { return r.Origin == meta.Store })
	return ours && meta.LSN == lsn, r.Close()
}

// keepOdd moves files of snap/ that nobody can account for to quarantine/. As with
// leavings, a failure is worth a line in the log: they are ignored where they are.
func (m *mender) keepOdd(names []string) {
	for _, name := range names {
		to, err := moveToQuarantine(m.fs, m.dir, name)
		if err == nil {
			err = syncMove(m.fs, m.dir)
		}
		if err != nil {
			m.o.Logger.Warn("an unlisted snapshot could not be set aside", "file", name, "err", err)
			continue
		}
		m.report.Quarantined = append(m.report.Quarantined, to)
		m.o.Logger.Warn("a snapshot that MANIFEST does not list was set aside", "file", name, "quarantine", to)
	}
}
