package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newHexdump(app *cli.App) *cobra.Command {
	h := &hexdump{app: app}
	cmd := &cobra.Command{
		Use:   "hexdump DIR@LSN | FILE[@OFFSET]",
		Short: "Show bytes with the name and the meaning of every field",
		Long: `Hexdump takes apart what lies at a place: the frame that holds an LSN, or whatever
holds an offset in a file of a store (a segment's header, a frame, a torn tail, MANIFEST,
a block of a snapshot). Every field has its bytes, its name and its value; where a field
is not what it should be, that is marked with !! and what was expected. Of a checksum,
the expected value is computed over the bytes that are there.

@LSN alone means the store of --dir. An offset may be hexadecimal (0x1000). A file
without an offset is shown from its beginning to its end. --limit is how many frames,
headers or blocks are shown, --full shows all fields and all bytes of large ones.

It takes no lock and changes nothing. The exit code is 4 for a torn tail and 5 for
damage among what was shown.`,
		Example: `  kvctl set mykey myval
  kvctl hexdump @1
  kvctl hexdump ./kvdata@1 -o json
  kvctl hexdump ./kvdata/MANIFEST
  kvctl hexdump ./kvdata/wal/0000000000000001.wal@0x1000 --limit 2`,
		SuggestFor: []string{"dump", "xxd", "od", "hex"},
		Args:       exactly("DIR@LSN or FILE@OFFSET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if h.limit < 0 {
				return cli.Usagef("--limit %d: it cannot be negative", h.limit)
			}
			if err := h.place(args[0]); err != nil {
				return err
			}
			return h.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.Int64Var(&h.limit, "limit", 0, "stop after `N` headers, frames or blocks (default: 1 at a place, all of a file)")
	f.BoolVar(&h.full, "full", false, "all fields and all bytes of large ones")
	return formats(cmd, cli.FormatHex, cli.FormatRaw, cli.FormatDiag)
}

// hexdump is one call of the command.
type hexdump struct {
	app   *cli.App
	limit int64
	full  bool

	lsn    uint64 // of the store in app.Dir; or
	file   string // with
	offset int64

	list    *cli.List
	account account
	perLine int // bytes
}

// place reads the argument. What exists as a file is one, whatever is in its name.
func (h *hexdump) place(arg string) error {
	if info, err := h.app.FS.Stat(arg); err == nil && arg != "" {
		if info.IsDir {
			return &cli.UsageError{Msg: arg + " is a directory: which LSN?", Try: []string{"kvctl hexdump " + cli.ShellQuote(arg+"@1")}}
		}
		h.file = arg
		return nil
	}
	at := strings.LastIndexByte(arg, '@')
	if at < 0 {
		_, err := h.app.FS.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) {
			return &cli.UsageError{Msg: "there is no file " + arg, Try: []string{"kvctl hexdump DIR@LSN", "kvctl hexdump FILE@OFFSET"}}
		}
		return err
	}
	name, number := arg[:at], arg[at+1:]
	if name == "" {
		return h.takeLSN(number)
	}
	info, err := h.app.FS.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &cli.NoStoreError{Dir: name}
	case err != nil:
		return err
	case info.IsDir:
		if err := h.app.TakeDir([]string{name}); err != nil {
			return err
		}
		return h.takeLSN(number)
	}
	h.file = name
	if h.limit == 0 {
		h.limit = 1
	}
	h.offset, err = strconv.ParseInt(number, 0, 64)
	if err != nil || h.offset < 0 {
		return cli.Usagef("offset %q: expected a whole number from 0 on, decimal or hexadecimal (0x1000)", number)
	}
	return nil
}

func (h *hexdump) takeLSN(number string) (err error) {
	if h.limit == 0 {
		h.limit = 1
	}
	h.lsn, err = cli.ParseLSN("LSN", number)
	return err
}

func (h *hexdump) run(ctx context.Context) error {
	s, at, err := h.open(ctx)
	if err != nil {
		return err
	}
	if h.app.Format.JSON() {
		h.list = h.app.NewList("units")
	}
	if at != nil && at.Size == 0 && at.Verdict.Kind.Bad() {
		// The LSN was lost at a place without a byte: where a file was cut off.
		if err := h.unit(at); err != nil {
			return err
		}
		if h.list != nil {
			if err := h.list.End(); err != nil {
				return err
			}
		}
		return h.account.end(h.app)
	}
	shown := int64(0)
	for u, err := range s.Units(ctx, h.file, h.offset) {
		var outside *inspect.OffsetError
		if errors.As(err, &outside) {
			return cli.Usagef("%v", err)
		}
		if err != nil {
			return err
		}
		if err := h.unit(u); err != nil {
			return err
		}
		if shown++; shown == h.limit {
			break
		}
	}
	if h.list != nil {
		if err := h.list.End(); err != nil {
			return err
		}
	}
	if shown == 0 {
		h.app.Notef("%s is empty", h.file)
	}
	return h.account.end(h.app)
}

// open finds the file and the offset, and for an LSN the unit that holds it.
func (h *hexdump) open(ctx context.Context) (*inspect.Store, *inspect.Unit, error) {
	if h.file != "" {
		s, err := inspect.FileOf(h.app.FS, h.file, inspect.Options{Codecs: h.app.Codecs()})
		return s, nil, err
	}
	s, err := openInspect(h.app)
	if err != nil {
		return nil, nil, err
	}
	u, err := s.UnitAt(ctx, h.lsn)
	if err != nil {
		return nil, nil, err
	}
	if u.Frame != nil && u.Frame.Verdict.Kind == inspect.Missing {
		return nil, nil, asError(u.Frame, &u.Verdict)
	}
	h.file, h.offset = u.File, u.Offset
	return s, u, nil
}

// unit shows one header, frame, block or stretch of bytes.
func (h *hexdump) unit(u *inspect.Unit) error {
	f := u.Frame
	if f == nil {
		f = &inspect.Frame{File: u.File, Offset: u.Offset, Size: u.Size, Verdict: u.Verdict}
	}
	if u.What != "bytes" {
		h.account.add(f, &u.Verdict)
	}
	switch h.app.Format {
	case cli.FormatJSON, cli.FormatJSONL:
		return h.list.Item(h.json(u))
	case cli.FormatRaw:
		_, err := h.app.Stdout.Write(u.Bytes)
		return err
	case cli.FormatHex:
		return h.app.Say(hex.EncodeToString(u.Bytes))
	case cli.FormatDiag:
		return h.app.Say(record.Diagnose(body(u)))
	}
	return h.text(u)
}

// body is the CBOR in a unit.
func body(u *inspect.Unit) []byte {
	switch {
	case u.Frame != nil && u.Frame.Header != nil && len(u.Bytes) > wal.FrameHeaderSize:
		return u.Bytes[wal.FrameHeaderSize:min(len(u.Bytes), wal.FrameHeaderSize+int(u.Frame.Header.BodyLen))]
	case u.What == "manifest" && len(u.Bytes) > 20:
		return u.Bytes[20:]
	case (u.What == "preamble" || u.What == "block") && len(u.Bytes) > 16:
		return u.Bytes[16:]
	case u.What == "segment header" && len(u.Bytes) > 16:
		n := int(u.Bytes[8]) | int(u.Bytes[9])<<8
		return u.Bytes[16:min(len(u.Bytes), 16+n)]
	case u.What == "index":
		return u.Bytes
	}
	return nil
}
