package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
)

// A program serves its own database to Redis clients, and goes on using it.
func ExampleServer() {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1}) // engine.Open("state", ...) for one on disk
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	s, err := server.New(db, server.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() { _ = s.Serve(l) }() // server.ErrServerClosed after Shutdown

	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = client.Write([]byte("SET greeting hello\r\n"))
	reply, _ := bufio.NewReader(client).ReadString('\n')
	fmt.Printf("%q\n", reply)

	// A plain string of database 0 is a key of the engine's default bucket.
	v, err := db.Get([]byte("greeting"))
	fmt.Printf("%s %v\n", v, err)

	_ = client.Close()
	fmt.Println(s.Shutdown(context.Background()))
	// Output:
	// "+OK\r\n"
	// hello <nil>
	// <nil>
}
