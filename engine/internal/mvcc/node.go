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

// numbers hands out the numbers of nodes, from 1 on. A number is given to another
// node at once when its node is gone. The collector's lists may still hold the old
// ref. As a rule they do not find it in the table; should hash and number be the same
// again, they find a node that it does no harm to look at. Write lock.
type numbers struct {
	next uint32   // the highest one that was ever handed out
	free []uint32 // handed back
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
	return ns.next
}

// release takes back the number of a node that is gone.
func (ns *numbers) release(n uint32) {
	if ns.free = append(ns.free, n); len(ns.free) == int(ns.next) {
		*ns = numbers{} // the map is empty
	}
}

// size is what the numbers occupy: some four bytes for each node by which the map
// was once larger.
func (ns *numbers) size() int64 { return int64(cap(ns.free)) * 4 }
