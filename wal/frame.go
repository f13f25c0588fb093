package wal

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// FrameHeaderSize is the size of the fixed header before each frame's body.
const FrameHeaderSize = 40

// frameMagic is "KVFR" in the file.
const frameMagic = 'K' | 'V'<<8 | 'F'<<16 | 'R'<<24

// Flags of a frame.
const (
	// FlagSynced: everything before this frame was durable when it was written.
	FlagSynced uint8 = 1 << iota
	// FlagSeal: the last frame of its segment.
	FlagSeal
	// FlagMark: an empty frame that says the log fell idle, itself synced.
	FlagMark

	knownFlags = FlagSynced | FlagSeal | FlagMark
)

// FrameHeader is the fixed part of a frame, little-endian:
//
//	 0  magic u32      4  bodyLen u32    8  firstLSN u64
//	16  count u32     20  version u8    21  flags u8     22  zero u16
//	24  prevLink u64  32  bodyCRC u32   36  headerCRC u32
//
// headerCRC covers the segment's salt and then bytes 0..36. The body follows,
// then zeros up to a multiple of Alignment.
type FrameHeader struct {
	BodyLen   uint32 // bytes of the body, without padding
	FirstLSN  uint64 // LSN of the first record; of the next one when Count is 0
	Count     uint32 // records in the body
	Version   uint8
	Flags     uint8
	PrevLink  uint64 // Link of the frame before this one
	BodyCRC   uint32
	HeaderCRC uint32
}

// Link identifies this frame for its successor.
func (h *FrameHeader) Link() uint64 { return uint64(h.HeaderCRC)<<32 | uint64(h.BodyCRC) }

// NextLSN is the LSN that follows the frame.
func (h *FrameHeader) NextLSN() uint64 { return h.FirstLSN + uint64(h.Count) }

// LastLSN is the last LSN up to and with this frame (in an empty frame: the one
// before FirstLSN).
func (h *FrameHeader) LastLSN() uint64 { return h.NextLSN() - 1 }

// Size is the frame's size on disk: header, body and padding.
func (h *FrameHeader) Size() int64 { return FrameSize(int(h.BodyLen)) }

// Synced reports FlagSynced.
func (h *FrameHeader) Synced() bool { return h.Flags&FlagSynced != 0 }

// Seal reports FlagSeal.
func (h *FrameHeader) Seal() bool { return h.Flags&FlagSeal != 0 }

// Mark reports FlagMark.
func (h *FrameHeader) Mark() bool { return h.Flags&FlagMark != 0 }

// FrameSize is the size on disk of a frame whose body has n bytes.
func FrameSize(n int) int64 { return align(FrameHeaderSize + int64(n)) }

func align(n int64) int64 { return (n + Alignment - 1) &^ (Alignment - 1) }

// InvalidReason says why bytes are no valid continuation of a log.
type InvalidReason uint8

// The reasons, in the order in which a scan finds them.
const (
	EndOfData     InvalidReason = iota + 1 // nothing, or only zeros where a header would be
	AfterSeal                              // the frame before was the segment's last
	ShortHeader                            // the file ends inside a header
	BadMagic                               // no frame starts here
	BadHeaderCRC                           // the header's checksum does not hold
	WrongLink                              // a valid header that follows another frame
	WrongLSN                               // a valid header with an unexpected LSN
	BodyBeyondEnd                          // the file ends inside the body
	BadBodyCRC                             // the body's checksum does not hold
	BadPadding                             // the padding is not zeros
)

func (r InvalidReason) String() string {
	names := [...]string{
		EndOfData: "end of data", AfterSeal: "the segment is sealed here",
		ShortHeader: "file ends inside a frame header", BadMagic: "no frame here (wrong magic)",
		BadHeaderCRC: "frame header checksum mismatch", WrongLink: "frame follows another frame than the one before it",
		WrongLSN: "frame has an unexpected LSN", BodyBeyondEnd: "file ends inside a frame body",
		BadBodyCRC: "frame body checksum mismatch", BadPadding: "frame padding is not zeros",
	}
	if int(r) < len(names) && names[r] != "" {
		return names[r]
	}
	return "unknown reason"
}

// frameError carries a reason out of the decoders; the Scanner turns it into an
// *InvalidError with a place.
type frameError InvalidReason

func (e frameError) Error() string { return "wal: " + InvalidReason(e).String() }

// Reason returns why DecodeFrameHeader or CheckBody refused bytes as no valid
// frame; it is 0 for other errors.
func Reason(err error) InvalidReason {
	if e, ok := err.(frameError); ok {
		return InvalidReason(e)
	}
	return 0
}

// DecodeFrameHeader reads the header at the start of b. Nothing is believed
// before the checksum over the header and the segment's salt holds. Bytes that
// are no header give an error whose Reason is not 0; a valid header of a newer
// format is a *VersionError, and one whose fields contradict each other a
// *FormatError.
func DecodeFrameHeader(b []byte, salt uint64) (FrameHeader, error) {
	if len(b) < FrameHeaderSize {
		if allZero(b) {
			return FrameHeader{}, frameError(EndOfData)
		}
		return FrameHeader{}, frameError(ShortHeader)
	}
	b = b[:FrameHeaderSize]
	if binary.LittleEndian.Uint32(b) != frameMagic {
		if allZero(b) {
			return FrameHeader{}, frameError(EndOfData)
		}
		return FrameHeader{}, frameError(BadMagic)
	}
	h := FrameHeader{
		BodyLen:   binary.LittleEndian.Uint32(b[4:]),
		FirstLSN:  binary.LittleEndian.Uint64(b[8:]),
		Count:     binary.LittleEndian.Uint32(b[16:]),
		Version:   b[20],
		Flags:     b[21],
		PrevLink:  binary.LittleEndian.Uint64(b[24:]),
		BodyCRC:   binary.LittleEndian.Uint32(b[32:]),
		HeaderCRC: binary.LittleEndian.Uint32(b[36:]),
	}
	if frameHeaderCRC(b, salt) != h.HeaderCRC {
		return FrameHeader{}, frameError(BadHeaderCRC)
	}
	return h, h.check(binary.LittleEndian.Uint16(b[22:]))
}

// check judges a header whose checksum holds: somebody meant these values.
func (h *FrameHeader) check(zero uint16) error {
	switch {
	case h.Version != Version:
		return &VersionError{What: "frame version", Value: uint64(h.Version)}
	case h.Flags&^knownFlags != 0:
		return &VersionError{What: "frame flags", Value: uint64(h.Flags)}
	case zero != 0:
		return &VersionError{What: "frame field", Value: uint64(zero)}
	case h.Count > h.BodyLen, h.Count == 0 && h.BodyLen != 0:
		return &FormatError{Reason: "frame's record count contradicts its length"}
	case h.Count == 0 && h.Flags&(FlagSeal|FlagMark) == 0, h.Count != 0 && h.Mark():
		return &FormatError{Reason: "frame's flags contradict its record count"}
	case h.FirstLSN == 0 || h.FirstLSN > math.MaxUint64-uint64(h.Count):
		return &FormatError{Reason: "frame's LSN is out of range"}
	}
	return nil
}

// CheckBody verifies a frame's body. body is what follows the header on disk,
// Size()-FrameHeaderSize bytes: the body and its padding.
func (h *FrameHeader) CheckBody(body []byte) error {
	if int64(len(body)) < h.Size()-FrameHeaderSize {
		return frameError(BodyBeyondEnd)
	}
	n := int(h.BodyLen)
	if crc32.Checksum(body[:n], castagnoli()) != h.BodyCRC {
		return frameError(BadBodyCRC)
	}
	if !allZero(body[n : h.Size()-FrameHeaderSize]) {
		return frameError(BadPadding)
	}
	return nil
}

// AppendFrame appends a whole frame, padding included, to dst. body holds count
// records, one after the other.
func AppendFrame(dst []byte, salt, prevLink, firstLSN uint64, count uint32, flags uint8, body []byte) []byte {
	at := len(dst)
	var header [FrameHeaderSize]byte
	dst = append(append(dst, header[:]...), body...)
	frame, _ := sealFrame(dst[at:], salt, prevLink, firstLSN, count, flags)
	return append(dst[:at], frame...)
}

// sealFrame makes a frame of buf, whose first FrameHeaderSize bytes are free and
// whose rest is the body: it fills in the header, appends the padding and
// returns the frame with its link.
func sealFrame(buf []byte, salt, prevLink, firstLSN uint64, count uint32, flags uint8) ([]byte, uint64) {
	body := buf[FrameHeaderSize:]
	bodyCRC := crc32.Checksum(body, castagnoli())
	b := buf[:FrameHeaderSize]
	binary.LittleEndian.PutUint32(b, frameMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(body)))
	binary.LittleEndian.PutUint64(b[8:], firstLSN)
	binary.LittleEndian.PutUint32(b[16:], count)
	b[20], b[21], b[22], b[23] = Version, flags, 0, 0
	binary.LittleEndian.PutUint64(b[24:], prevLink)
	binary.LittleEndian.PutUint32(b[32:], bodyCRC)
	crc := frameHeaderCRC(b, salt)
	binary.LittleEndian.PutUint32(b[36:], crc)
	for int64(len(buf))%Alignment != 0 {
		buf = append(buf, 0)
	}
	return buf, uint64(crc)<<32 | uint64(bodyCRC)
}

// frameHeaderCRC is the checksum of the salt's eight bytes followed by 36 of the
// header. The salt is folded in by hand: an array that is passed to the library
// would be allocated for every frame.
func frameHeaderCRC(b []byte, salt uint64) uint32 {
	table := castagnoli()
	crc := ^uint32(0)
	for range 8 {
		crc = table[byte(crc)^byte(salt)] ^ crc>>8
		salt >>= 8
	}
	return crc32.Update(^crc, table, b[:36])
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
