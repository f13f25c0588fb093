package mvcc

import ()

func started() (*Map, *Bucket) {
	m := New(Options{})
	m.Publish(0)
	return m, m.Bucket("")
}

func keysOf(b *Bucket, from, to []byte, at uint64) (keys []string) {
	for it := range b.Ascend(from, to, at) {
		keys = append(keys, string(it.Key))
	}
	return keys
}

func settle(m *Map) {
	for m.Collect(1000) > 0 {
	}
}
