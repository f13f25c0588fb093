package memfs

import (
	"bytes"
	"testing"
)

func TestMemoryIsTakenByWrittenPagesOnly(t *testing.T) {
	n := new(node)
	n.zeroFill(0, 1<<40)
	if len(n.pages) != 0 {
		t.Errorf("zero-filling took %d pages", len(n.pages))
	}
	n.writeAt(bytes.Repeat([]byte{1}, 3*pageSize), pageSize/2)
	n.writeAt([]byte{1}, 1<<39)
	if len(n.pages) != 5 {
		t.Errorf("%d pages, want 5", len(n.pages))
	}
	n.zeroFill(0, 2*pageSize)
	if len(n.pages) != 3 {
		t.Errorf("%d pages after zeros were put over two, want 3", len(n.pages))
	}
	n.truncate(3 * pageSize)
	if len(n.pages) != 1 {
		t.Errorf("%d pages after cutting behind the third, want 1", len(n.pages))
	}
}
