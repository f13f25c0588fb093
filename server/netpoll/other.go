//go:build !linux

package netpoll

import (
	"errors"
	"net"
)

// Poller exists on Linux only.
type Poller struct{}

// Conn is a connection of a Poller.
type Conn struct{ net.Conn }

// New returns errors.ErrUnsupported.
func New() (*Poller, error) { return nil, errors.ErrUnsupported }

// Detach returns errors.ErrUnsupported.
func Detach(net.Conn) (*Conn, error) { return nil, errors.ErrUnsupported }

// Add returns errors.ErrUnsupported.
func (*Poller) Add(*Conn, any) error { return errors.ErrUnsupported }

// Wait returns errors.ErrUnsupported.
func (*Poller) Wait([]Event, bool) (int, error) { return 0, errors.ErrUnsupported }

// Wake does nothing.
func (*Poller) Wake() {}

// Close does nothing.
func (*Poller) Close() error { return nil }

// TryRead returns errors.ErrUnsupported.
func (*Conn) TryRead([]byte) (int, error) { return 0, errors.ErrUnsupported }

// TryWrite returns errors.ErrUnsupported.
func (*Conn) TryWrite([]byte) (int, error) { return 0, errors.ErrUnsupported }
