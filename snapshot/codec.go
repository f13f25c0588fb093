package snapshot

// Codec compresses blocks. None is built in, so that a program links only what
// it uses: package snapshot/zstd has one. Implementations must be safe for
// concurrent use.
type Codec interface {
	// ID is written into the file. 0 means "none"; below 128 are this project's.
	ID() uint8
	// Name is for people.
	Name() string
	// Compress appends the compressed form of src to dst.
	Compress(dst, src []byte) []byte
	// Decompress appends the original of src to dst, whose spare capacity is at
	// least rawLen, and must not produce more than rawLen bytes, whatever src
	// says: rawLen has been checked against the limits, src has not.
	Decompress(dst, src []byte, rawLen int) ([]byte, error)
}

// CodecZstd is the ID of the codec in snapshot/zstd.
const CodecZstd uint8 = 1

// find returns the codec for an ID, nil for ID 0.
func find(codecs []Codec, id uint8, file string) (Codec, error) {
	if id == 0 {
		return nil, nil
	}
	for _, c := range codecs {
		if c != nil && c.ID() == id {
			return c, nil
		}
	}
	return nil, &UnknownCodecError{File: file, ID: id}
}
