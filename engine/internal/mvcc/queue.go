package mvcc

// A queue is first in, first out. It lets go of its memory when it falls empty.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(x T) {
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.items = append(q.items, x)
}

func (q *queue[T]) peek() (x T, ok bool) {
	if q.head == len(q.items) {
		return x, false
	}
	return q.items[q.head], true
}

func (q *queue[T]) pop() {
	q.items[q.head] = *new(T) // what it points to may go
	if q.head++; q.head == len(q.items) {
		q.head = 0
		q.items = q.items[:0]
		if cap(q.items) > 1024 {
			q.items = nil
		}
	}
}
