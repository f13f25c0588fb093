package mvcc

import "testing"

func TestASnapshotSeesWhatWasPublishedWhenItOpened(t *testing.T) {
	m := New(Options{})
	m.Publish(0)
	b := m.Bucket("")
	b.Set([]byte("k"), []byte("1"), 1, 0)
	if _, ok := b.GetLatest([]byte("k")); ok {
		t.Fatal("an unpublished write is visible")
	}
	m.Publish(1)
	s := m.Snapshot(0)
	defer s.Close()
	b.Set([]byte("k"), []byte("2"), 2, 0)
	b.Delete([]byte("k"), 3)
	m.Publish(3)
	if it, ok := b.Get([]byte("k"), s.LSN()); !ok || string(it.Value) != "1" {
		t.Fatalf("snapshot read %q, %v; want 1", it.Value, ok)
	}
	if _, ok := b.GetLatest([]byte("k")); ok {
		t.Fatal("a deleted key is found")
	}
}
