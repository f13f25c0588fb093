package mvcc

// A ref names a node, that is: a key's place in the map for as long as the key has
// any version. It is the key's hash above a number that no other node has. The
// order index, the collector and the index of deadlines name nodes by it, and the
// hash index finds them by it. So the hash index alone holds pointers, one per key,
// for the garbage collector to follow.
type ref uint64

func newRef(h, number uint32) ref { return ref(h)<<32 | ref(number) }

func (r ref) hash() uint32   { return uint32(r >> 32) }
func (r ref) number() uint32 { return uint32(r) }

// numbers hands out the numbers of nodes, from 1 on. Write lock.
type numbers struct {
	next uint32   // the lowest one that was never handed out
	free []uint32 // handed back

	fresh bitset // which nodes are in the collector's queue
}

func (ns *numbers) alloc() uint32 {
	if last := len(ns.free) - 1; last >= 0 {
		n := ns.free[last]
		ns.free = ns.free[:last]
		return n
	}
	if ns.next++; ns.next == 0 {
		panic("mvcc: more than 4,294,967,295 keys")
	}
	if int(ns.next>>6) >= len(ns.fresh) {
		ns.fresh = append(ns.fresh, 0)
	}
	return ns.next
}

// release takes back the number of a node that is gone, unless the collector's queue
// still has it: then the queue releases it.
func (ns *numbers) release(n uint32) {
	if ns.fresh.has(n) {
		return
	}
	if ns.free = append(ns.free, n); len(ns.free) == int(ns.next) {
		*ns = numbers{} // the map is empty
	}
}

// size is what the numbers occupy: a bit for each node of the map at its fullest,
// and some four bytes for each of those that are gone.
func (ns *numbers) size() int64 {
	return int64(cap(ns.free))*4 + int64(cap(ns.fresh))*8
}

type bitset []uint64

func (b bitset) has(i uint32) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bitset) set(i uint32)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) clear(i uint32)    { b[i>>6] &^= 1 << (i & 63) }
