package inspect

import (
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/redis-lite/redis-lite/wal"
)

// prelude names what a segment's header and a snapshot's preamble begin with, and
// returns where the map behind it ends.
func (a *annotator) prelude(magic string) (end int) {
	if len(a.b) < 16 {
		a.rest("cut off", 0)
		return 0
	}
	a.magic(0, magic)
	n := int(min(a.u32(8), uint32(len(a.b)-16)))
	a.field("length", 8, 4, number(a.u32(8)))
	sum := crc32.Update(crc32.Checksum(a.b[8:12], castagnoli()), castagnoli(), a.b[16:16+n])
	a.checked("CRC", 12, 4, crc(sum), crc(a.u32(12)), "")
	return 16 + n
}

func (a *annotator) segmentHeader() {
	if end := a.prelude("KVWALSEG"); end > 0 {
		a.whole("header", 16, end, segmentKeys())
		a.zeros("zeros", end, len(a.b)-end)
	}
}

func (a *annotator) manifest() {
	if len(a.b) < 20 {
		a.rest("cut off", 0)
		return
	}
	a.magic(0, "KVMANIFS")
	a.field("version", 8, 4, number(a.u32(8)))
	a.checked("length", 12, 4, number(len(a.b)-20), number(a.u32(12)), "")
	sum := crc32.Update(crc32.Checksum(a.b[8:16], castagnoli()), castagnoli(), a.b[20:])
	a.checked("CRC", 16, 4, crc(sum), crc(a.u32(16)), "")
	a.whole("content", 20, len(a.b), manifestKeys())
}

// frame names the bytes of a frame, or of what begins like one.
func (a *annotator) frame(f *Frame) {
	if len(a.b) < wal.FrameHeaderSize || string(a.b[:4]) != frameMagic && f.Header == nil {
		if len(a.b) >= 4 && f.Verdict.Check == "magic" {
			a.magic(0, frameMagic)
			a.rest("bytes", 4)
			return
		}
		a.rest("bytes", 0)
		return
	}
	n := a.frameHeader(f)
	if f.Header == nil {
		// The length is not to be believed.
		a.rest("bytes", wal.FrameHeaderSize)
		return
	}
	body := min(wal.FrameHeaderSize+n, len(a.b))
	at := wal.FrameHeaderSize
	for i := range f.Header.Count {
		next := a.record(fmt.Sprintf("record LSN %d", f.Header.FirstLSN+uint64(i)), at, body)
		if next == at || a.over {
			break
		}
		at = next
	}
	if at < body {
		a.field("bytes that are no record", at, body-at, show(a.b[at:body]))
	}
	a.zeros("padding", body, min(int(f.Header.Size()), len(a.b))-body)
	a.rest("bytes", min(int(f.Header.Size()), len(a.b)))
}

// frameHeader names the forty bytes, and returns the length of the body.
func (a *annotator) frameHeader(f *Frame) (n int) {
	n = int(a.u32(4))
	a.magic(0, frameMagic)
	a.field("body length", 4, 4, number(n))
	first, count := a.u64(8), a.u32(16)
	if f.want.next > 0 && f.want.off == f.Offset {
		a.checked("first LSN", 8, 8, number(f.want.next), number(first), "")
	} else {
		a.field("first LSN", 8, 8, number(first))
	}
	a.field("count", 16, 4, number(count))
	a.checked("version", 20, 1, number(wal.Version), number(a.b[20]), "")
	a.field("flags", 21, 1, flags(a.b[21]))
	a.zeros("zero", 22, 2)
	if f.want.off == f.Offset && f.want.next > 0 {
		a.checked("previous link", 24, 8, link(f.want.link), link(a.u64(24)), "")
	} else {
		a.field("previous link", 24, 8, link(a.u64(24)))
	}
	if v := &f.Verdict; v.Check == "body CRC" {
		// The walk has computed it over all there is; perhaps not all of it is here.
		a.checked("body CRC", 32, 4, v.Expected, v.Found, "")
	} else if end := wal.FrameHeaderSize + n; f.Header != nil && end <= len(a.b) {
		a.checked("body CRC", 32, 4, crc(crc32.Checksum(a.b[wal.FrameHeaderSize:end], castagnoli())), crc(a.u32(32)), "")
	} else {
		a.field("body CRC", 32, 4, crc(a.u32(32)))
	}
	a.checked("header CRC", 36, 4, crc(headerCRC(a.b, f.salt)), crc(a.u32(36)), "")
	return n
}

// flags are the names of a frame's flags.
func flags(b byte) string {
	var names []string
	for _, f := range []struct {
		bit  uint8
		name string
	}{{wal.FlagSynced, "SYNCED"}, {wal.FlagSeal, "SEAL"}, {wal.FlagMark, "MARK"}} {
		if b&f.bit != 0 {
			names = append(names, f.name)
			b &^= f.bit
		}
	}
	if b != 0 {
		names = append(names, fmt.Sprintf("unknown %02x", b))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}
