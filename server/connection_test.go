package server

import "testing"

func TestConnectionCommands(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"ping", "PONG",
		"PING hi", `"hi"`,
		"echo x", `"x"`,
		"echo", "-ERR wrong number of arguments for 'echo' command",
		"nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' ",
		"select 15", "OK",
		"select 16", "-ERR DB index is out of range",
		"select x", "-ERR value is not an integer or out of range",
		"hello 9", "-NOPROTO unsupported protocol version",
		"hello 3", `{"server" "redis" "version" "7.0.15" "proto" 3 "id" 1 "mode" "standalone" "role" "master" "modules" []}`,
		"multi", "OK",
		"ping", "QUEUED",
		"echo a", "QUEUED",
		"exec", `[PONG "a"]`,
		"reset", "RESET",
		"quit", "OK",
	)
}
