package recovery

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis-lite/redis-lite/wal"
)

// # Tear or damage
//
// A scan of the log ends at X, the first offset that is not a valid continuation
// of what comes before. There are three things that X can be: the clean end, a
// torn tail (a crash came while the bytes there were on their way) or damage
// (the bytes had arrived, and are gone). The first two are everyday; the third
// means that acknowledged data is missing. Taking damage for a tear loses data in
// silence; taking a tear for damage refuses to open a healthy store. What tells
// them apart is not what is at X (half a frame looks the same, whoever halved it)
// but what else is known: whether anything proves that X had been durable once.
//
// The committer sees to it that there is such knowledge. In durability Always it
// writes a frame only when the one before is durable, and in the lazier modes it
// says in each frame (SYNCED) whether that is so. Of what is not durable yet,
// never more than the header's reach lies behind the durable end. At a given
// offset of a segment no two different frames are ever written: what is cut is
// followed by a new segment, and a rewrite writes the same bytes. From that:
//
//  1. A later segment exists, and X is before the end that its header declares.
//     Damage: the log is synced up to that end before the later segment begins.
//  2. The expected LSN is covered by a snapshot that MANIFEST lists, even one
//     that has rotted: damage, because a snapshot's LSN never exceeds what the
//     log made durable. Zeros are no excuse here. Or the last frame said SEAL
//     and there is more behind it: damage, nothing is ever written there.
//  3. Zeros, or nothing, to the end of the file: the clean end.
//  4. Behind X, at any aligned offset, a valid frame header of this segment, with
//     the expected LSN or a later one and SYNCED: damage, for X was durable when
//     it was written, whatever became of the body behind it. Or at X itself a
//     header that is valid, of this segment, and does not continue the chain:
//     damage, for nobody ever wrote it there.
//  5. Non-zero bytes further behind X than the reach: damage, for they were
//     written when something behind X was durable already.
//  6. Otherwise: a torn tail.
//
// Rule 4 needs care, because a value may hold any bytes, those of this very log
// too. What protects it: the salt (bytes of another segment or another store do
// not pass), the LSN (what was copied out of this segment before has a lower
// one), and that the inside of a frame is not looked at: of one whose header at X
// is valid, and of those behind it. A *record* that is whole inside a torn frame
// proves nothing: sectors of one frame reach the disk in any order.
//
// What is left undecided is rot in the very last frame before anything proved
// it durable; it looks like rule 6. MARK keeps that moment short.

// place is what there is to judge.
type place struct {
	segment  *wal.Segment
	at       int64            // X
	lsn      uint64           // the LSN expected at X
	header   *wal.FrameHeader // the frame header at X, when it is valid
	reason   wal.InvalidReason
	declared int64  // the end that a later segment declares; 0 = there is none
	covered  uint64 // the newest LSN of any snapshot that MANIFEST lists
	sealed   bool   // the frame before X said SEAL
}

type verdictKind uint8

const (
	cleanEnd verdictKind = iota + 1
	tornTail
	damaged
)

// verdict is what a place was judged to be, and by which rule.
type verdict struct {
	kind   verdictKind
	rule   int
	reason string
	offset int64 // where the evidence lies
	end    int64 // behind the last byte of the file that is not zero; X when there is none
}

// classify applies the rules in their order. An error is the disk's, or a
// *VersionError: a newer program's frame behind X must not be cut off.
func classify(ctx context.Context, p *place) (verdict, error) {
	if p.declared > p.at {
		return p.damage(1, p.at, fmt.Sprintf("%s, but the next segment says that the log goes on to offset %d", p.what(), p.declared)), nil
	}
	if p.lsn <= p.covered {
		return p.damage(2, p.at, fmt.Sprintf("%s, but a snapshot proves that the log was durable up to LSN %d", p.what(), p.covered)), nil
	}
	end, err := p.segment.DataEnd(ctx, p.at)
	if err != nil {
		return verdict{}, err
	}
	if p.sealed && end > p.at {
		return p.damage(2, p.at, "there are bytes behind the segment's last frame"), nil
	}
	if end == p.at {
		return verdict{kind: cleanEnd, rule: 3, reason: p.what(), offset: p.at, end: end}, nil
	}
	if p.reason == wal.WrongLink || p.reason == wal.WrongLSN {
		return p.damage(4, p.at, fmt.Sprintf("%v: a frame that was never written here", p.reason)), nil
	}
	proof, err := syncedBehind(ctx, p, end)
	if err != nil {
		return verdict{}, err
	}
	if proof >= 0 {
		return p.damage(4, proof, fmt.Sprintf("%s, but the frame at offset %d proves that this was durable", p.what(), proof)), nil
	}
	if reach := p.segment.Header.Reach; end-p.at > reach {
		return p.damage(5, end, fmt.Sprintf("%s, but there are bytes %d further on, and never more than %d stood unsynced",
			p.what(), end-p.at, reach)), nil
	}
	return verdict{kind: tornTail, rule: 6, reason: p.what(), offset: p.at, end: end}, nil
}

// what says what lies at X.
func (p *place) what() string {
	switch {
	case p.reason != wal.EndOfData:
		return p.reason.String()
	case p.at >= p.segment.Size():
		return "the file ends here"
	}
	return "zeros where a frame should begin"
}

func (p *place) damage(rule int, offset int64, reason string) verdict {
	return verdict{kind: damaged, rule: rule, reason: reason, offset: offset, end: p.at}
}

// corruption is the error for a damage verdict.
func (p *place) corruption(v verdict) *CorruptionError {
	return &CorruptionError{File: p.segment.Name(), Offset: p.at, LSN: p.lsn, Reason: v.reason}
}

// scanChunk is how much of a tail is looked at together.
const scanChunk = 1 << 20

// syncedBehind looks for the proof of rule 4 up to end, and returns its offset
// or -1.
func syncedBehind(ctx context.Context, p *place, end int64) (int64, error) {
	from := p.at
	if p.header != nil {
		// A torn frame: its inside is a body, and may be anything.
		from += p.header.Size()
	}
	proof := int64(-1)
	err := framesBetween(ctx, p.segment, from, end, p.lsn, func(f found) bool {
		if f.header.Synced() {
			proof = f.offset
		}
		return proof < 0
	})
	return proof, err
}

// found is a frame header that is valid, wherever it lies.
type found struct {
	offset int64
	header wal.FrameHeader
	whole  bool // the body is valid too
}

// framesBetween finds the valid frame headers at aligned offsets in [from, end)
// with an LSN of at least lsn, chained or not, and yields them until yield says
// no. The inside of a frame that was found is not searched.
func framesBetween(ctx context.Context, s *wal.Segment, from, end int64, lsn uint64, yield func(found) bool) error {
	off := (from + wal.Alignment - 1) &^ (wal.Alignment - 1)
	buf := make([]byte, min(scanChunk, max(s.Size()-off, 0)))
	for off < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), max(s.Size()-off, 0))]
		if len(b) < wal.FrameHeaderSize {
			return nil
		}
		if err := s.ReadFull(b, off); err != nil {
			return err
		}
		// A frame may reach far behind what was read, so b shrinks with off and
		// not the other way round.
		for len(b) >= wal.FrameHeaderSize && off < end {
			step := int64(wal.Alignment)
			f := found{offset: off}
			var valid bool
			var err error
			if f.header, valid, err = headerAt(s, b, off); err != nil {
				return err
			}
			if valid && f.header.FirstLSN >= lsn {
				if f.whole, err = f.check(s, b); err != nil || !yield(f) {
					return err
				}
				step = f.header.Size()
			}
			off += step
			b = b[min(step, int64(len(b))):]
		}
	}
	return nil
}

// headerAt says whether a valid frame header starts b, which lies at off.
func headerAt(s *wal.Segment, b []byte, off int64) (h wal.FrameHeader, valid bool, err error) {
	h, err = wal.DecodeFrameHeader(b, s.Header.Salt)
	var version *wal.VersionError
	if errors.As(err, &version) {
		return h, false, translate(err, s.Name(), off, 0)
	}
	return h, err == nil, nil
}

// check verifies the body; b begins with the frame and may hold less than all.
func (f *found) check(s *wal.Segment, b []byte) (whole bool, err error) {
	size := f.header.Size()
	if size > s.Size()-f.offset {
		return false, nil
	}
	body := b[wal.FrameHeaderSize:]
	if int64(len(b)) < size {
		body = make([]byte, size-wal.FrameHeaderSize)
		if err := s.ReadFull(body, f.offset+wal.FrameHeaderSize); err != nil {
			return false, err
		}
	}
	return f.header.CheckBody(body[:size-wal.FrameHeaderSize]) == nil, nil
}

// translate gives errors of the packages below the types of this one. What it
// does not know, the disk's errors above all, it returns as it is.
func translate(err error, file string, off int64, lsn uint64) error {
	var (
		format  *wal.FormatError
		version *wal.VersionError
	)
	switch {
	case errors.As(err, &format):
		if format.File == "" {
			format.Offset += off
		}
		return &CorruptionError{File: file, Offset: format.Offset, LSN: lsn, Reason: format.Reason, Err: err}
	case errors.As(err, &version):
		return &VersionError{File: file, What: fmt.Sprintf("%s %d", version.What, version.Value), Err: err}
	}
	return err
}
