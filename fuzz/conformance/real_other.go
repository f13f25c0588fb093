//go:build !linux

package conformance

import "errors"

func (m *machine) nudge(Op) error { return errors.New("conformance: needs Linux") }
