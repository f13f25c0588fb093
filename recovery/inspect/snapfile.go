package inspect

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/redis-lite/redis-lite/snapshot"
)

// A snapshot on disk; see docs/format/snapshot.md.
const (
	preambleHead   = 16
	maxPreamble    = 4096
	blockHead      = 16
	footerSize     = 80
	footerMagic    = "KVSNPEND"
	maxBlock       = snapshot.MaxBlock
	footerCRCField = 68
)

// snapshot takes a snapshot apart. Where the footer holds, it says where the
// blocks end; else they are followed as long as each explains itself.
func (u *units) snapshot(ctx context.Context) error {
	b, err := u.read(0, maxPreamble)
	if err != nil {
		return err
	}
	if len(b) < preambleHead {
		return u.raw(ctx, 0, u.size, Verdict{Kind: Damaged, Reason: "the file ends inside its preamble"})
	}
	sum := binary.LittleEndian.Uint32(b[12:])
	foot, indexAt, err := u.footer(sum)
	if err != nil {
		return err
	}
	start := preambleHead + int64(binary.LittleEndian.Uint32(b[8:]))
	pre := &Unit{What: "preamble", Verdict: Verdict{Kind: Valid}, name: (*annotator).preamble}
	if start > min(int64(len(b)), indexAt) {
		pre.Verdict = Verdict{Kind: Damaged, Reason: "header longer than can be"}
	} else if want := checksum(b[8:12], b[16:start]); want != sum {
		pre.Verdict = Verdict{Kind: Damaged, Reason: "header checksum", Check: "CRC", Expected: crc(want), Found: crc(sum)}
	}
	if pre.Verdict.Kind != Valid {
		// The length is not to be believed, but the map may tell where it ends.
		start = preambleHead + int64(itemLen(b[preambleHead:]))
	}
	pre.Size = min(start, int64(len(b)), indexAt)
	if err := u.emit(pre, maxPreamble); err != nil {
		return err
	}
	at := pre.Size
	if at, err = u.blocks(ctx, at, indexAt); err != nil {
		return err
	}
	if foot.Verdict.Kind == Valid {
		if at < indexAt {
			v := Verdict{Kind: Damaged, Reason: "no block that explains itself begins here"}
			if err := u.raw(ctx, at, indexAt, v); err != nil {
				return err
			}
		}
		if err := u.index(indexAt, foot); err != nil {
			return err
		}
	} else if at < foot.Offset {
		v := Verdict{Kind: Damaged, Reason: "the footer that would say what this is cannot be had"}
		if err := u.raw(ctx, at, foot.Offset, v); err != nil {
			return err
		}
	}
	if foot.Size == 0 {
		return nil
	}
	return u.emit(foot, footerSize)
}

// footer judges the last bytes. indexAt is where the index begins, or, when the
// footer does not hold, where the blocks may reach to.
func (u *units) footer(preamble uint32) (foot *Unit, indexAt int64, err error) {
	foot = &Unit{What: "footer", Offset: max(u.size-footerSize, 0), Verdict: Verdict{Kind: Valid}}
	foot.name = func(a *annotator) { a.footer(preamble) }
	foot.Size = u.size - foot.Offset
	if foot.Bytes, err = u.read(foot.Offset, footerSize); err != nil {
		return nil, 0, err
	}
	b := foot.Bytes
	if len(b) < footerSize || string(b[72:]) != footerMagic {
		foot.Verdict = Verdict{Kind: Damaged, Reason: "bad magic at the end: truncated, or something was appended"}
		foot.Offset, foot.Size = u.size, 0
		return foot, u.size, nil
	}
	want, got := footerCRC(b, preamble), binary.LittleEndian.Uint32(b[footerCRCField:])
	indexAt = int64(binary.LittleEndian.Uint64(b))
	switch n := int64(binary.LittleEndian.Uint64(b[8:])); {
	case want != got:
		foot.Verdict = Verdict{Kind: Damaged, Reason: "footer checksum", Check: "CRC", Expected: crc(want), Found: crc(got)}
	case indexAt < 0 || indexAt > foot.Offset || n != foot.Offset-indexAt:
		foot.Verdict = Verdict{Kind: Damaged, Reason: "footer points outside of the file"}
	default:
		return foot, indexAt, nil
	}
	return foot, foot.Offset, nil
}

// footerCRC ties the footer to the preamble of the same file.
func footerCRC(b []byte, preamble uint32) uint32 {
	var tie [4]byte
	binary.LittleEndian.PutUint32(tie[:], preamble)
	return checksum(tie[:], b[:footerCRCField])
}

func checksum(parts ...[]byte) (sum uint32) {
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli(), p)
	}
	return sum
}

// blocks hands out the blocks from at to end, and returns where they stop.
func (u *units) blocks(ctx context.Context, at, end int64) (int64, error) {
	for i := 0; at+blockHead <= end; i++ {
		if err := ctx.Err(); err != nil {
			return at, err
		}
		head, err := u.read(at, blockHead)
		if err != nil {
			return at, err
		}
		stored, raw := int64(binary.LittleEndian.Uint32(head)), int64(binary.LittleEndian.Uint32(head[4:]))
		size := blockHead + stored
		if stored > raw || raw > maxBlock || at+size > end || stored == 0 {
			return at, nil // no length to be believed: perhaps no block at all
		}
		unit := &Unit{What: "block", Index: i, Offset: at, Size: size, Verdict: Verdict{Kind: Valid}, name: (*annotator).block}
		if unit.Bytes, err = u.read(at, size); err != nil {
			return at, err
		}
		want, got := checksum(unit.Bytes[:12], unit.Bytes[blockHead:]), binary.LittleEndian.Uint32(unit.Bytes[12:])
		if want != got {
			unit.Verdict = Verdict{Kind: Damaged, Reason: "block checksum", Check: "CRC", Expected: crc(want), Found: crc(got)}
		}
		if err := u.emit(unit, size); err != nil {
			return at, err
		}
		at += size
	}
	return at, nil
}

// index is one unit.
func (u *units) index(at int64, foot *Unit) error {
	unit := &Unit{What: "index", Offset: at, Size: foot.Offset - at, Verdict: Verdict{Kind: Valid}, name: (*annotator).index}
	var err error
	if unit.Bytes, err = u.read(at, unit.Size); err != nil {
		return err
	}
	if want, got := checksum(unit.Bytes), binary.LittleEndian.Uint32(foot.Bytes[64:]); want != got {
		unit.Verdict = Verdict{Kind: Damaged, Reason: "index checksum", Check: "CRC", Expected: crc(want), Found: crc(got)}
	}
	return u.emit(unit, unit.Size)
}

func (a *annotator) preamble() {
	if end := a.prelude("KVSNAPSH"); end > 0 {
		a.whole("header", 16, end, preambleKeys())
		a.rest("bytes behind the header's length", end)
	}
}

func (a *annotator) block() {
	stored, raw := a.u32(0), a.u32(4)
	a.field("stored length", 0, 4, number(stored))
	a.field("raw length", 4, 4, number(raw))
	a.field("entries", 8, 4, number(a.u32(8)))
	a.checked("CRC", 12, 4, crc(checksum(a.b[:12], a.b[blockHead:])), crc(a.u32(12)), "")
	if stored < raw {
		a.rest("compressed entries", blockHead)
		return
	}
	a.tuples("entry", blockHead, "bucket", "key", "value", "LSN", "deadline")
}

func (a *annotator) index() { a.tuples("block", 0, "bucket", "key", "place", "entries") }

// tuples names a sequence of arrays, to the end of the unit.
func (a *annotator) tuples(name string, at int, parts ...string) {
	for i := 1; at < len(a.b) && !a.over; i++ {
		next := a.tuple(fmt.Sprintf("%s %d", name, i), at, len(a.b), parts...)
		if next == at {
			a.rest("bytes that are no "+name, at)
			return
		}
		at = next
	}
}

func (a *annotator) footer(preamble uint32) {
	if len(a.b) < footerSize {
		a.rest("cut off", 0)
		return
	}
	a.field("index offset", 0, 8, number(a.u64(0)))
	a.field("index length", 8, 8, number(a.u64(8)))
	a.field("entries", 16, 8, number(a.u64(16)))
	a.field("blocks", 24, 8, number(a.u64(24)))
	a.field("digest", 32, 32, fmt.Sprintf("%x", a.b[32:64]))
	a.field("index CRC", 64, 4, crc(a.u32(64)))
	a.checked("CRC", footerCRCField, 4, crc(footerCRC(a.b, preamble)), crc(a.u32(footerCRCField)), "")
	a.magic(72, footerMagic)
}
