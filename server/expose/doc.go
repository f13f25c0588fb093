// Package expose shows a server to those who watch it: /metrics in the text format
// of Prometheus, /healthz for load balancers and supervisors. It is apart from
// package server so that a program which embeds the server need not link
// Prometheus's library.
//
// /healthz answers 200 and "ok" while the store takes writes, and 503 with the
// reason once its log has failed: reads go on then, but only opening the store
// anew helps. Both answer GET and HEAD alone, and neither asks for a password:
// listen on an address that only the watchers reach.
package expose
