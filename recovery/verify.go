package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Verify looks at a store and changes nothing: all findings, not only the first.
// It takes no lock and may run beside a writer. The error is for what kept it
// from looking (the disk's errors, *NotAStoreError, a codec that is not given);
// damage is a finding, and so is a newer program's file.
func Verify(ctx context.Context, fsys vfs.FS, dir string, o VerifyOptions) (*Findings, error) {
	if err := Check(fsys, dir); err != nil {
		return nil, err
	}
	last := ""
	for n := 0; ; n++ {
		v := &verifier{fs: fsys, dir: dir, o: o, found: &Findings{}}
		err := v.run(ctx)
		if err != nil && !mayBeAlive(err) {
			return v.found, err
		}
		if err == nil && v.found.Worst() < Damage {
			return v.found, nil
		}
		// A writer that compacts or leaves a segment while we look can look like
		// damage. What is damaged looks the same twice.
		look := fmt.Sprint(err, v.found.List)
		if look == last || n == attempts {
			return v.found, err
		}
		last = look
	}
}

// verifier is one look at a directory.
type verifier struct {
	fs    vfs.FS
	dir   string
	o     VerifyOptions
	found *Findings

	layout   *layout
	manifest Manifest
	base     uint64   // the newest snapshot that is sound, as far as was looked
	sound    []uint64 // LSNs of all that are
	last     uint64   // segment
	unproven *Finding // the frames behind the last SYNCED one; nil = none
	compare  *comparison
}

func (v *verifier) run(ctx context.Context) error {
	var err error
	_, merr := v.fs.Stat(vfs.Join(v.dir, ManifestName))
	if errors.Is(merr, fs.ErrNotExist) {
		return v.withoutManifest(ctx)
	}
	if v.manifest, err = readManifest(v.fs, v.dir); err != nil {
		return v.found.damage(err, nextRecover)
	}
	m := v.manifest.clone()
	v.found.Manifest = &m
	if v.layout, err = readLayout(v.fs, v.dir); err != nil {
		return err
	}
	if err := v.names(); err != nil {
		return err
	}
	if err := v.snapshots(ctx); err != nil {
		return err
	}
	return v.log(ctx)
}

// withoutManifest: an empty store, or one that has lost its root.
func (v *verifier) withoutManifest(ctx context.Context) error {
	l, err := readLayout(v.fs, v.dir)
	if err != nil {
		return err
	}
	if err := leavingsOnly(ctx, v.fs, l); err != nil {
		return v.found.damage(err, nextRecover)
	}
	v.found.add(Note, v.dir, -1, 0, "an empty store: nothing was ever written", "")
	return nil
}

// names notes what lies around, and counts the quarantine.
func (v *verifier) names() error {
	l, m := v.layout, &v.manifest
	for _, name := range l.temps {
		v.found.add(Note, name, -1, 0, "a temporary file that some write left", nextSweep)
	}
	for _, name := range l.foreign {
		v.found.add(Note, name, -1, 0, "not a file of the store", "")
	}
	for _, s := range l.segments {
		if s.number < m.First {
			v.found.add(Note, segmentPath(v.dir, s.number), -1, 0, "a compaction did not come to removing it", nextSweep)
		}
	}
	for _, s := range l.snapshots {
		if !slices.ContainsFunc(m.Snapshots, func(r SnapshotRef) bool { return r.LSN == s.number }) {
			v.found.add(Note, snapshotPath(v.dir, s.number), -1, s.number, "a snapshot that MANIFEST does not list", nextStray)
		}
	}
	entries, err := v.fs.List(vfs.Join(v.dir, QuarantineDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		v.found.QuarantineFiles++
		v.found.QuarantineBytes += e.Size
	}
	return nil
}

// snapshots opens every listed one, which checks its ends and its index, and
// reads whole the newest that is sound, which is what an open loads; when deep,
// all of them.
func (v *verifier) snapshots(ctx context.Context) error {
	for i := range v.manifest.Snapshots {
		ref := &v.manifest.Snapshots[i]
		v.found.Snapshots++
		err := v.snapshot(ctx, ref)
		if err == nil {
			v.sound = append(v.sound, ref.LSN)
			v.base = ref.LSN
			continue
		}
		if err := v.found.damage(err, nextOlder); err != nil {
			return err
		}
	}
	for n := len(v.sound); n > 0 && !v.o.Deep; n-- {
		err := v.whole(ctx, v.sound[n-1])
		if err == nil {
			break
		}
		if err := v.found.damage(err, nextOlder); err != nil {
			return err
		}
		v.sound, v.base = v.sound[:n-1], 0
		if n > 1 {
			v.base = v.sound[n-2]
		}
	}
	return nil
}

// whole reads a snapshot that could be opened.
func (v *verifier) whole(ctx context.Context, lsn uint64) error {
	r, err := v.snapshotAt(lsn)
	if err != nil {
		return err
	}
	return also(translateSnapshot(r.Verify(ctx), snapshotPath(v.dir, lsn)), r.Close())
}

func (v *verifier) snapshot(ctx context.Context, ref *SnapshotRef) error {
	r, err := openSnapshot(v.fs, v.dir, v.manifest.Store, ref, v.o.Codecs)
	if err != nil {
		return err
	}
	if v.o.Deep {
		err = translateSnapshot(r.Verify(ctx), snapshotPath(v.dir, ref.LSN))
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return err
}

// log surveys the segments: those that an open would read, or all of them.
func (v *verifier) log(ctx context.Context) error {
	m := &v.manifest
	first, last, err := v.bounds(ctx)
	if err != nil {
		return err
	}
	v.last = last
	s := survey{
		fs: v.fs, dir: v.dir, store: m.Store, covered: newestLSN(m),
		frame: func(c *cursor, f *wal.Frame) error { return v.frame(ctx, c, f) }, hole: v.hole, torn: v.torn, ignored: v.ignored,
	}
	if !v.o.Deep {
		s.base = v.base
	}
	err = s.run(ctx, first, last)
	v.found.Segments, v.found.Frames, v.found.Bytes = s.segments, s.frames, s.bytes
	var version *VersionError
	if errors.As(err, &version) {
		return v.found.damage(version, nextNewer)
	}
	if err == nil && v.compare != nil {
		err = v.compare.end(ctx)
	}
	if n := v.unproven; err == nil && n != nil {
		n.Reason = fmt.Sprintf("LSN %d to %d are whole, and nothing proves yet that the disk holds them", n.LSN, v.found.LastLSN)
		if n.LSN == v.found.LastLSN {
			n.Reason = fmt.Sprintf("LSN %d is whole, and nothing proves yet that the disk holds it", n.LSN)
		}
		v.found.Unproven = n
	}
	return err
}

// bounds says which segments to read, and judges what MANIFEST says of them.
func (v *verifier) bounds(ctx context.Context) (first, last uint64, err error) {
	m := &v.manifest
	first, last = m.First, m.Active
	for _, s := range v.layout.segments {
		if s.number <= m.Active {
			continue
		}
		if s.number == m.Active+1 && last == m.Active {
			err := v.unlisted(ctx, s.number)
			if err == nil {
				last = s.number
				continue
			}
			if err := v.found.damage(err, nextRecover); err != nil {
				return 0, 0, err
			}
			continue
		}
		v.found.add(Damage, segmentPath(v.dir, s.number), -1, 0,
			fmt.Sprintf("MANIFEST knows segments %d to %d only", m.First, m.Active), nextRecover)
	}
	s, err := openSegment(v.fs, v.dir, m.First, m.Store)
	if err != nil {
		return first, last, nil // the survey says so
	}
	before := s.Header.Prev.LastLSN
	if err := s.Close(); err != nil {
		return 0, 0, err
	}
	if before > 0 && !slices.ContainsFunc(v.sound, func(lsn uint64) bool { return lsn >= before }) {
		for i := range v.found.List {
			if f := &v.found.List[i]; f.Next == nextOlder {
				f.Next = "" // there is none to use: what helps is said below
			}
		}
		v.found.add(Damage, segmentPath(v.dir, m.First), 0, v.base+1,
			fmt.Sprintf("the log begins behind LSN %d, and no sound snapshot reaches that far", before), nextRecover)
	}
	if v.o.Deep {
		v.compare = newComparison(v, before)
		return first, last, nil
	}
	start := v.start(first, last)
	for seq := first; seq < start; seq++ {
		if _, ok := find(v.layout.segments, seq); !ok {
			v.found.add(Damage, segmentPath(v.dir, seq), -1, 0, "the segment is missing", nextRecover)
		}
	}
	return start, last, nil
}

// start finds the segment where an open would begin: the last listed one before
// which everything is in the snapshot.
func (v *verifier) start(first, last uint64) uint64 {
	for seq := min(last, v.manifest.Active); seq > first && v.base > 0; seq-- {
		s, err := openSegment(v.fs, v.dir, seq, v.manifest.Store)
		if err != nil {
			break // the survey says why
		}
		before := s.Header.Prev.LastLSN
		if s.Close() == nil && before <= v.base {
			return seq
		}
	}
	return first
}

// unlisted judges a segment behind the active one: an interrupted rotation holds
// no frame. What it says of its predecessor the survey checks.
func (v *verifier) unlisted(ctx context.Context, seq uint64) error {
	s, err := openSegment(v.fs, v.dir, seq, v.manifest.Store)
	if err != nil {
		return err
	}
	end, err := s.DataEnd(ctx, wal.HeaderBlock)
	if err := also(err, s.Close()); err != nil {
		return err
	}
	if end > wal.HeaderBlock {
		return &CorruptionError{File: s.Name(), Offset: wal.HeaderBlock, LSN: s.Header.FirstLSN,
			Reason: "there are frames in a segment that MANIFEST does not know"}
	}
	v.found.add(Note, s.Name(), -1, s.Header.FirstLSN, "a rotation that was interrupted, or is under way",
		"the next open for writing adopts it")
	return nil
}

func (v *verifier) frame(ctx context.Context, c *cursor, f *wal.Frame) error {
	if f.Header.Synced() {
		v.unproven = nil // all before it was durable when it was written
	}
	// A later segment, or a snapshot, proves what lies before it.
	if f.Header.Count > 0 && v.unproven == nil && c.segment.Header.Seq == v.last && f.Header.LastLSN() > newestLSN(&v.manifest) {
		v.unproven = &Finding{Severity: Note, File: c.segment.Name(), Offset: f.Offset, LSN: f.Header.FirstLSN,
			Next: NextProve}
	}
	n := &v.found.FirstLSN
	err := c.records(f, func(lsn uint64, _ []byte, commit *record.Commit) error {
		v.found.Records++
		if *n == 0 {
			*n = lsn
		}
		v.found.LastLSN = lsn
		if v.compare != nil {
			return v.compare.apply(ctx, lsn, commit)
		}
		return nil
	})
	var damage *CorruptionError
	if errors.As(err, &damage) {
		v.compare = nil
		return v.found.damage(damage, nextRecover)
	}
	return err
}

func (v *verifier) hole(h *hole) error {
	v.compare = nil // what is missing cannot be replayed
	e := *h.err
	e.Reason += "; " + h.lsns()
	if h.end >= 0 {
		e.Reason += fmt.Sprintf("; valid frames go on at offset %d", h.end)
	}
	return v.found.damage(&e, nextRecover)
}

func (v *verifier) torn(p *place, verdict verdict) error {
	e := tornError(p, verdict)
	reason := fmt.Sprintf("torn tail of %d bytes: %s", e.Bytes, e.Reason)
	v.found.add(Torn, e.File, e.Offset, e.LSN, reason, nextOpen)
	return nil
}

func (v *verifier) ignored(p Place) error {
	v.found.add(Note, p.File, p.Offset, 0, fmt.Sprintf("%d bytes behind the segment's declared end; they are ignored", p.Bytes), "")
	return nil
}

// snapshotAt opens a listed snapshot.
func (v *verifier) snapshotAt(lsn uint64) (*snapshot.Reader, error) {
	for i := range v.manifest.Snapshots {
		if ref := &v.manifest.Snapshots[i]; ref.LSN == lsn {
			return openSnapshot(v.fs, v.dir, v.manifest.Store, ref, v.o.Codecs)
		}
	}
	return nil, &CorruptionError{File: snapshotPath(v.dir, lsn), Offset: -1, Reason: "not listed"}
}
