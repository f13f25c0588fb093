package wal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

const segmentName = testDir + "/0000000000000007.wal"

// segmentBytes returns a segment of frames, and where each one begins and the last ends.
func segmentBytes(bodies ...[][]byte) (b []byte, offsets []int64) {
	h := sampleHeader()
	b, err := h.Encode()
	if err != nil {
		panic(err)
	}
	link, next := h.Prev.Link, h.FirstLSN
	for _, records := range bodies {
		offsets = append(offsets, int64(len(b)))
		flags := wal.FlagSynced
		if len(records) == 0 {
			flags |= wal.FlagMark
		}
		at := len(b)
		b = wal.AppendFrame(b, h.Salt, link, next, uint32(len(records)), flags, bytes.Join(records, nil))
		frame, err := wal.DecodeFrameHeader(b[at:], h.Salt)
		if err != nil {
			panic(err)
		}
		link, next = frame.Link(), frame.NextLSN()
	}
	return b, append(offsets, int64(len(b)))
}

func drawBodies(t *rapid.T) [][][]byte {
	return rapid.SliceOfN(rapid.SliceOfN(rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 100), record), 0, 4), 0, 12).Draw(t, "bodies")
}

func writeFile(t tester, fsys vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fsys.Create(name)
	must(t, err)
	_, err = f.WriteAt(b, 0)
	must(t, err)
	must(t, f.Close())
}

func openSegment(t tester, b []byte) *wal.Segment {
	t.Helper()
	fsys := newFS(t)
	writeFile(t, fsys, segmentName, b)
	s, err := wal.OpenSegment(fsys, segmentName)
	must(t, err)
	return s
}

func wholeScan(s *wal.Segment, ahead bool) *wal.Scanner {
	if ahead {
		return s.ScanAhead(wal.HeaderBlock, s.Header.Prev.Link, s.Header.FirstLSN)
	}
	return s.Scan(wal.HeaderBlock, s.Header.Prev.Link, s.Header.FirstLSN)
}

// scanAll returns the frames that a scan finds and the error behind them.
func scanAll(sc *wal.Scanner) (frames []wal.Frame, err error) {
	defer sc.Close()
	for {
		f, err := sc.Next()
		if err != nil {
			if _, again := sc.Next(); again != err {
				return frames, fmt.Errorf("error %v does not repeat: %v", err, again)
			}
			return frames, err
		}
		f.Body = bytes.Clone(f.Body)
		frames = append(frames, f)
	}
}

func invalid(t tester, err error) *wal.InvalidError {
	t.Helper()
	var e *wal.InvalidError
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *InvalidError", err)
	}
	return e
}

// However a segment is torn, from any offset on and whatever stands there, a
// scan finds the frames before it, whole, and says where they end.
func TestScanEndsAtATear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bodies := drawBodies(t)
		b, offsets := segmentBytes(bodies...)
		cut := rapid.Int64Range(wal.HeaderBlock, int64(len(b))).Draw(t, "cut")
		torn := append(bytes.Clone(b[:cut]), rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "garbage")...)
		want := 0
		for want+1 < len(offsets) && offsets[want+1] <= cut {
			want++
		}
		if bytes.HasPrefix(torn, b[:offsets[min(want+1, len(offsets)-1)]]) && want+1 < len(offsets) {
			t.Skip("the garbage is what was cut off")
		}
		s := openSegment(t, torn)
		frames, err := scanAll(wholeScan(s, rapid.Bool().Draw(t, "ahead")))
		e := invalid(t, err)
		if len(frames) != want || e.Offset != offsets[want] {
			t.Fatalf("cut at %d: %d frames and an end at %d, want %d and %d (%v)", cut, len(frames), e.Offset, want, offsets[want], err)
		}
		for i, f := range frames {
			if !bytes.Equal(f.Body, bytes.Join(bodies[i], nil)) || f.Offset != offsets[i] || f.End() != offsets[i+1] {
				t.Fatalf("frame %d: %+v", i, f)
			}
		}
	})
}

// Reading ahead finds exactly what reading along does, frames larger than a read
// among them.
func TestScanAheadFindsTheSame(t *testing.T) {
	bodies := [][][]byte{}
	for i := range 300 {
		size := 20_000
		if i%50 == 49 {
			size = 3 << 20
		}
		bodies = append(bodies, [][]byte{record(bytes.Repeat([]byte{byte(i)}, size+i))})
	}
	b, offsets := segmentBytes(bodies...)
	b[offsets[299]+100] ^= 1
	s := openSegment(t, b)
	plain, err1 := scanAll(wholeScan(s, false))
	ahead, err2 := scanAll(wholeScan(s, true))
	if len(plain) != 299 || len(ahead) != 299 {
		t.Fatalf("%d frames (%v) and %d (%v)", len(plain), err1, len(ahead), err2)
	}
	for i := range plain {
		if plain[i].Header != ahead[i].Header || !bytes.Equal(plain[i].Body, ahead[i].Body) || !bytes.Equal(plain[i].Body, bodies[i][0]) {
			t.Fatalf("frame %d differs", i)
		}
	}
	a, c := invalid(t, err1), invalid(t, err2)
	if a.Reason != wal.BadBodyCRC || a.Error() != c.Error() || *a.Header != *c.Header {
		t.Fatalf("%v and %v", err1, err2)
	}
}

// A reader that ahead-reads may be left in the middle.
func TestScanAheadCanBeAbandoned(t *testing.T) {
	b, _ := segmentBytes([][]byte{record(make([]byte, 1<<20))}, [][]byte{record(make([]byte, 1<<20))}, [][]byte{record(make([]byte, 1<<20))})
	s := openSegment(t, b)
	sc := wholeScan(s, true)
	if _, err := sc.Next(); err != nil {
		t.Fatal(err)
	}
	sc.Close()
	sc.Close()
	must(t, s.Close())
	wholeScan(s, true).Close() // never begun
}

func TestScanSaysWhyItEnds(t *testing.T) {
	frames := func() ([]byte, []int64) {
		return segmentBytes([][]byte{record([]byte("one"))}, [][]byte{record([]byte("two")), record([]byte("three"))})
	}
	h := sampleHeader()
	cases := []struct {
		name   string
		reason wal.InvalidReason
		frames int
		header bool // a valid header is reported
		change func(b []byte, at []int64) []byte
	}{
		{"nothing", wal.EndOfData, 2, false, func(b []byte, _ []int64) []byte { return b }},
		{"zeros", wal.EndOfData, 2, false, func(b []byte, _ []int64) []byte { return append(b, make([]byte, 5000)...) }},
		{"a few zeros", wal.EndOfData, 2, false, func(b []byte, _ []int64) []byte { return append(b, 0, 0, 0) }},
		{"a few bytes", wal.ShortHeader, 2, false, func(b []byte, _ []int64) []byte { return append(b, 0, 0, 1) }},
		{"garbage", wal.BadMagic, 2, false, func(b []byte, _ []int64) []byte { return append(b, bytes.Repeat([]byte{7}, 64)...) }},
		{"length flipped huge", wal.BadHeaderCRC, 1, false, func(b []byte, at []int64) []byte { b[at[1]+7] = 0xff; return b }},
		{"length flipped small", wal.BadHeaderCRC, 1, false, func(b []byte, at []int64) []byte { b[at[1]+4] = 1; return b }},
		{"body", wal.BadBodyCRC, 1, true, func(b []byte, at []int64) []byte { b[at[1]+wal.FrameHeaderSize] ^= 1; return b }},
		{"padding", wal.BadPadding, 1, true, func(b []byte, _ []int64) []byte { b[len(b)-1] ^= 1; return b }},
		{"cut in the body", wal.BodyBeyondEnd, 1, true, func(b []byte, _ []int64) []byte { return b[:len(b)-8] }},
		{"cut in the padding", wal.BodyBeyondEnd, 1, true, func(b []byte, _ []int64) []byte { return b[:len(b)-1] }},
		{"same frame again", wal.WrongLink, 2, true, func(b []byte, at []int64) []byte { return append(b, b[at[1]:at[2]]...) }},
		{"right link, wrong LSN", wal.WrongLSN, 1, true, func(b []byte, at []int64) []byte {
			first, _ := wal.DecodeFrameHeader(b[at[0]:], h.Salt)
			return wal.AppendFrame(b[:at[1]], h.Salt, first.Link(), h.FirstLSN+5, 1, 0, record(nil))
		}},
		{"behind a SEAL", wal.AfterSeal, 3, false, func(b []byte, at []int64) []byte {
			last, _ := wal.DecodeFrameHeader(b[at[1]:], h.Salt)
			b = wal.AppendFrame(b, h.Salt, last.Link(), last.NextLSN(), 0, wal.FlagSeal, nil)
			seal, _ := wal.DecodeFrameHeader(b[at[2]:], h.Salt)
			return wal.AppendFrame(b, h.Salt, seal.Link(), last.NextLSN(), 1, 0, record(nil))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b, at := frames()
			s := openSegment(t, c.change(b, at))
			got, err := scanAll(wholeScan(s, false))
			e := invalid(t, err)
			if e.Reason != c.reason || len(got) != c.frames || (e.Header != nil) != c.header || e.File != segmentName {
				t.Errorf("%d frames, then %v (header %v); want %d and %v", len(got), e, e.Header, c.frames, c.reason)
			}
			if e.LSN == 0 || e.Error() == "" {
				t.Errorf("%+v", e)
			}
		})
	}
}

// A valid frame of a newer version is named and is no tear, wherever it stands.
func TestScanRefusesANewerFrame(t *testing.T) {
	b, at := segmentBytes([][]byte{record(nil)})
	h := sampleHeader()
	first, err := wal.DecodeFrameHeader(b[at[0]:], h.Salt)
	must(t, err)
	newer := wal.EncodeFrameHeader(wal.FrameHeader{Version: 9, FirstLSN: first.NextLSN(), Count: 1, BodyLen: 1, PrevLink: first.Link()}, h.Salt)
	_, err = scanAll(wholeScan(openSegment(t, append(b, newer...)), false))
	var ve *wal.VersionError
	if !errors.As(err, &ve) || ve.Offset != at[1] || ve.File != segmentName || ve.Value != 9 {
		t.Fatalf("%v", err)
	}
}

// A declared end is authoritative: what lies behind it is not looked at.
func TestScanLimit(t *testing.T) {
	b, at := segmentBytes([][]byte{record(nil)}, [][]byte{record(nil)}, [][]byte{record(nil)})
	s := openSegment(t, b)
	sc := wholeScan(s, false)
	sc.Limit(at[2])
	frames, err := scanAll(sc)
	if e := invalid(t, err); len(frames) != 2 || e.Reason != wal.EndOfData || e.Offset != at[2] {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	sc = wholeScan(s, false)
	sc.Limit(at[2] - 8)
	frames, err = scanAll(sc)
	if e := invalid(t, err); len(frames) != 1 || e.Reason != wal.BodyBeyondEnd {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
}

// An error of reading is neither an end nor a tear.
func TestScanPassesReadErrorsOn(t *testing.T) {
	b, _ := segmentBytes([][]byte{record(nil)})
	fsys := newFS(t)
	writeFile(t, fsys, segmentName, b)
	s, err := wal.OpenSegment(&brokenReads{FS: fsys, after: 1}, segmentName)
	must(t, err)
	_, err = scanAll(wholeScan(s, false))
	if e := (*wal.InvalidError)(nil); errors.As(err, &e) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("%v", err)
	}
	if _, err := wal.OpenSegment(&brokenReads{FS: fsys}, segmentName); !errors.Is(err, syscall.EIO) {
		t.Fatalf("%v", err)
	}
}

// brokenReads fails every read after the first few.
type brokenReads struct {
	vfs.FS
	after int
}

func (b *brokenReads) Open(name string) (vfs.File, error) {
	f, err := b.FS.Open(name)
	return &brokenFile{f, b}, err
}

type brokenFile struct {
	vfs.File
	fs *brokenReads
}

func (f *brokenFile) ReadAt(p []byte, off int64) (int, error) {
	if f.fs.after--; f.fs.after < 0 {
		return 0, errDisk
	}
	return f.File.ReadAt(p, off)
}

func TestOpenSegmentNamesWhatIsWrong(t *testing.T) {
	whole, _ := segmentBytes([][]byte{record(nil)})
	for name, b := range map[string][]byte{
		"empty": {}, "short": whole[:wal.HeaderBlock-1], "zeros": make([]byte, 8192), "foreign": bytes.Repeat([]byte("text"), 2000),
	} {
		fsys := newFS(t)
		writeFile(t, fsys, segmentName, b)
		var fe *wal.FormatError
		if _, err := wal.OpenSegment(fsys, segmentName); !errors.As(err, &fe) || fe.File != segmentName {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := wal.OpenSegment(newFS(t), segmentName); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// FuzzScanner: whatever a file holds, a scan ends, believes no length that is
// not backed by bytes, and every frame that it returns is one.
func FuzzScanner(f *testing.F) {
	whole, at := segmentBytes([][]byte{record([]byte("one"))}, nil, [][]byte{record([]byte("two")), record(nil)})
	body := whole[wal.HeaderBlock:]
	f.Add(body)
	f.Add(body[:at[2]-wal.HeaderBlock+20])
	f.Add(append(bytes.Clone(body), make([]byte, 100)...))
	f.Add(append(bytes.Clone(body), body...))
	f.Fuzz(func(t *testing.T, b []byte) {
		fsys := newFS(t)
		writeFile(t, fsys, segmentName, append(bytes.Clone(whole[:wal.HeaderBlock]), b...))
		s, err := wal.OpenSegment(fsys, segmentName)
		must(t, err)
		end := int64(wal.HeaderBlock)
		sc := wholeScan(s, false)
		for {
			fr, err := sc.Next()
			if err != nil {
				if e := (*wal.InvalidError)(nil); errors.As(err, &e) && e.Offset != end {
					t.Fatalf("frames end at %d, the error says %d", end, e.Offset)
				}
				return
			}
			again := wal.AppendFrame(nil, s.Header.Salt, fr.Header.PrevLink, fr.Header.FirstLSN, fr.Header.Count, fr.Header.Flags, fr.Body)
			if fr.Offset != end || !bytes.Equal(again, b[end-wal.HeaderBlock:][:fr.Header.Size()]) {
				t.Fatalf("frame at %d is not what the file holds", fr.Offset)
			}
			end = fr.End()
		}
	})
}
