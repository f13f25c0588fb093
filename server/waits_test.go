package server

import "testing"

// TestWritesWithoutReplies: a client that wants no replies still has its writes
// committed, though nobody else commits anything.
func TestWritesWithoutReplies(t *testing.T) {
	_, s := gatedServer(t)
	a, b := dial(t, s), dial(t, s)
	a.want("set k 0", "OK")
	a.sendAll("client reply off", "set k 1", "incr k")
	a.sendAll("incr k", "client reply on")
	if got := a.reply(); got != "OK" {
		t.Error(got)
	}
	b.want("get k", `"3"`)
}
