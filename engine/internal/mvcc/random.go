package mvcc

// Random returns some key that a reader at LSN at sees, chosen by r, which the
// caller draws: its high bits choose the segment, its low bits the place where the
// search for a key begins. All keys have a chance, not quite the same one: a key
// behind free slots has a better one. The cost does not depend on the number of
// keys, as long as most of them are visible. The caller holds a Snapshot of that
// LSN, or asks for Newest.
func (b *Bucket) Random(r uint64, at uint64) (Item, bool) {
	b = b.current()
	h := uint32(r >> 32)
	for begun := uint64(0); begun < 1<<32; {
		seg := b.table.segment(h)
		n := len(seg.slots)
		i := int(uint64(uint32(r)) * uint64(n) >> 32)
		for range n {
			s := &seg.slots[i]
			if uint32(s.ref.Load()) != 0 {
				if head := s.head.Load(); head != nil {
					if rec := head.at(at); rec != nil && !rec.tombstone() {
						return Item{rec.key(), rec.value(), rec.lsn, rec.deadline()}, true
					}
				}
			}
			if i++; i == n {
				i = 0
			}
		}
		width := uint64(1) << (32 - seg.bits)
		begun += width
		h += uint32(width) // 0 for the only segment, and then begun ends it
	}
	return Item{}, false
}
