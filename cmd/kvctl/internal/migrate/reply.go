package migrate

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// Reply is an answer in RESP2.
type Reply struct {
	Kind  byte   // as on the wire: + - : $ *
	Text  []byte // of + - and $
	Int   int64  // of :
	Items []Reply
	Nil   bool // of $ and *
}

// Err is the reply as an error, if it is one.
func (r Reply) Err() error {
	if r.Kind != '-' {
		return nil
	}
	return &ServerError{string(r.Text)}
}

const (
	maxLine  = 64 << 10
	maxBulk  = 1 << 30
	maxDepth = 4
)

// ProtocolError is an answer that is none: what is at the address does not speak
// the protocol of Redis.
type ProtocolError struct{ Got string }

func (e *ProtocolError) Error() string {
	return "that is no Redis, or no longer one: the answer is " + e.Got
}

// readReply reads one reply. A length that the other side states reserves nothing:
// memory grows with what arrives.
func readReply(r *bufio.Reader, depth int) (rep Reply, err error) {
	line, err := readLine(r)
	if err != nil {
		return rep, err
	}
	if len(line) == 0 {
		return rep, &ProtocolError{"an empty line"}
	}
	rep.Kind = line[0]
	rest := line[1:]
	switch rep.Kind {
	case '+', '-':
		rep.Text = bytes.Clone(rest)
		return rep, nil
	case ':', '$', '*':
	default:
		return rep, &ProtocolError{fmt.Sprintf("%.60q", line)}
	}
	n, perr := strconv.ParseInt(string(rest), 10, 64)
	if perr != nil {
		return rep, &ProtocolError{fmt.Sprintf("%.60q", line)}
	}
	if rep.Kind == ':' {
		rep.Int = n
		return rep, nil
	}
	if n == -1 {
		rep.Nil = true
		return rep, nil
	}
	if n < 0 || n > maxBulk || rep.Kind == '*' && depth >= maxDepth {
		return rep, &ProtocolError{fmt.Sprintf("%.60q", line)}
	}
	if rep.Kind == '$' {
		rep.Text, err = readBulk(r, int(n))
		return rep, err
	}
	for range n {
		item, err := readReply(r, depth+1)
		if err != nil {
			return rep, err
		}
		rep.Items = append(rep.Items, item)
	}
	return rep, nil
}

func readBulk(r *bufio.Reader, n int) ([]byte, error) {
	b := make([]byte, 0, min(n+2, 64<<10))
	for len(b) < n+2 {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)] // twice the room, for what has arrived
		}
		k := min(cap(b), n+2)
		m, err := io.ReadFull(r, b[len(b):k])
		b = b[:len(b)+m]
		if err != nil {
			return nil, unexpected(err)
		}
	}
	if b[n] != '\r' || b[n+1] != '\n' {
		return nil, &ProtocolError{fmt.Sprintf("a string that goes on behind its end with %q", b[n:])}
	}
	return b[:n:n], nil
}

// readLine reads up to CR LF. The line is valid until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return nil, &ProtocolError{fmt.Sprintf("a long line, %.60q", line)}
	case err != nil && len(line) > 0:
		return nil, unexpected(err)
	case err != nil:
		return nil, err
	}
	if !bytes.HasSuffix(line, []byte("\r\n")) {
		return nil, &ProtocolError{fmt.Sprintf("%.60q", line)}
	}
	return line[:len(line)-2], nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
