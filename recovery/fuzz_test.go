package recovery_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

// FuzzOpen puts arbitrary bytes behind two sound frames, plainly or as the body
// of a frame whose checksums hold. Whatever they are: nothing panics, the sound
// frames are never lost, an open that succeeds can be repeated, and verify and
// salvage agree with it.
func FuzzOpen(f *testing.F) {
	frame := wal.AppendFrame(nil, 0x5a17, 1, 3, 1, wal.FlagSynced, body(set("c", "3")))
	f.Add([]byte{}, false, uint8(0), uint8(0), uint16(0))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 7}, false, uint8(0), uint8(0), uint16(0))
	f.Add(frame, false, uint8(0), uint8(0), uint16(0))
	f.Add(frame[:50], false, uint8(0), uint8(0), uint16(0))
	f.Add(body(set("c", "3")), true, uint8(1), uint8(1), uint16(0))
	f.Add(body(set("c", "3")), true, uint8(wal.FlagSynced), uint8(2), uint16(8))
	f.Add([]byte{}, true, uint8(wal.FlagSynced|wal.FlagSeal), uint8(0), uint16(100))
	f.Add([]byte{0x82, 0x02, 0x80}, true, uint8(wal.FlagSynced), uint8(1), uint16(0))
	f.Fuzz(func(t *testing.T, tail []byte, framed bool, flags, count uint8, behind uint16) {
		b := recoverytest.New(t, memfs.New(), dir)
		s := b.Segment()
		s.Frame(synced, set("a", "1"))
		s.Frame(synced, set("b", "2"))
		link := s.Buf[s.Frames[1].Offset:]
		s.Fill(int(behind)) // zeros between: what stands behind X
		if framed {
			h, err := wal.DecodeFrameHeader(link, s.Header.Salt)
			if err != nil {
				t.Fatal(err)
			}
			s.Buf = wal.AppendFrame(s.Buf, s.Header.Salt, h.Link(), 3, uint32(count), flags, tail)
		} else {
			s.Buf = append(s.Buf, tail...)
		}
		b.Write()
		ctx := context.Background()
		found, err := recovery.Verify(ctx, b.FS, dir, recovery.VerifyOptions{Deep: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range recovery.Records(ctx, b.FS, dir, recovery.RecordsOptions{}) {
			_ = err // an error is the last value, and no panic is what is asked
		}
		ro := options(b.FS, recoverytest.NewContents())
		ro.ReadOnly = true
		_, roErr := recovery.Open(ctx, ro)
		loss, lossErr := recovery.Recover(ctx, b.FS, dir, dst, recovery.RecoverOptions{SkipCorrupt: true})
		// A whole frame that follows another one than the second casts doubt on
		// the second; in the new store both are.
		if lossErr == nil && (len(loss.Kept) == 0 || loss.Kept[0].From != 1 ||
			recovery.Count(loss.Kept)+recovery.Count(loss.Doubtful) < 2) {
			t.Fatalf("salvage lost what was sound: %+v", loss)
		}
		st, got, err := tryOpen(b.FS)
		if (err == nil) != (found.Worst() < recovery.Newer) {
			t.Fatalf("open: %v; verify: %+v", err, found.List)
		}
		if err != nil {
			return
		}
		if roErr != nil {
			t.Fatalf("a reader refuses what an open accepts: %v", roErr)
		}
		if got.LSNs[0] != 1 || got.LSNs[1] != 2 {
			t.Fatalf("commits %v", got.LSNs)
		}
		again, got2 := mustOpen(t, b.FS)
		if diff := cmp.Diff(got.Keys, got2.Keys); diff != "" || again.NextLSN != st.NextLSN || again.Report.Cut != nil {
			t.Fatalf("a second open differs: %s", diff)
		}
	})
}
