package mvcc_test

import (
	"fmt"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
)

func ExampleMap() {
	m := mvcc.New(mvcc.Options{})
	m.Publish(0)

	users := m.Bucket("users")
	users.Set([]byte("ada"), []byte("1815"), 1, 0)
	users.Set([]byte("alan"), []byte("1912"), 1, 0)
	_, ok := users.GetLatest([]byte("ada"))
	fmt.Println("before Publish:", ok)

	m.Publish(1)
	it, _ := users.GetLatest([]byte("ada"))
	fmt.Printf("after Publish: %s, LSN %d\n", it.Value, it.LSN)
	// Output:
	// before Publish: false
	// after Publish: 1815, LSN 1
}

func ExampleSnapshot() {
	m := mvcc.New(mvcc.Options{})
	m.Publish(0)
	b := m.Bucket("")
	b.Set([]byte("a"), []byte("1"), 1, 0)
	b.Set([]byte("b"), []byte("2"), 1, 0)
	m.Publish(1)

	s := m.Snapshot(0)
	b.Delete([]byte("a"), 2)
	m.Publish(2)
	for it := range b.Ascend(nil, nil, s.LSN()) {
		fmt.Printf("%s=%s\n", it.Key, it.Value)
	}
	fmt.Println("versions:", m.Stats().Versions)
	s.Close()
	fmt.Println("versions:", m.Stats().Versions)
	// Output:
	// a=1
	// b=2
	// versions: 3
	// versions: 1
}

func ExampleMap_Due() {
	m := mvcc.New(mvcc.Options{})
	m.Publish(0)
	b := m.Bucket("sessions")
	b.Set([]byte("late"), nil, 1, 2000)
	b.Set([]byte("soon"), nil, 2, 1000)
	b.Set([]byte("never"), nil, 3, 0)
	m.Publish(3)

	fmt.Println("next:", m.NextDeadline())
	for _, d := range m.Due(1500, 10) {
		fmt.Printf("%s/%s was due at %d\n", d.Bucket, d.Key, d.Deadline)
	}
	// Output:
	// next: 1000
	// sessions/soon was due at 1000
}
