// Package difftest sends the same commands to two servers of the Redis protocol
// and compares what they answer, reply by reply and type by type. It is a test
// kit: the test beside it runs redis-server from the system's packages against
// this module's server.
//
// # What is compared
//
// A stream is a list of steps; a step is a pipeline of one to a few commands on
// one of two connections, so that WATCH has something to lose against. A third
// connection listens to the keyspace notifications, if the stream wants them.
// The replies of a step are compared before the next one is sent. After the last
// step the whole state of both servers is read and compared: type, value and
// time to live of every key of every database.
//
// Replies are compared with their RESP types, in RESP2 and in RESP3, and errors
// with their whole text. A command whose answer has no order or depends on the
// time says so in its Command (Unordered, Millis, Shape, ...); everything else is
// compared byte by byte.
//
// # Families
//
// A Family is a list of commands with generators of their arguments. To add one,
// write a file with a func that returns a Family, and put it into Families. The
// generators draw from small pools (few keys, few values, numbers at the
// boundaries of their types), so that commands meet each other's results. A
// mutation of the finished argument list (one dropped, doubled or replaced) is
// made for every family alike: generators need not produce errors, though they
// may.
//
// # Meant differences
//
// Where this server means to answer otherwise, a Difference names the command,
// says why and decides with a function which pairs of replies it excuses. There
// are no wildcards, and one that excused nothing in a full run is an error: it
// hides whatever comes next.
//
// # Finding more
//
// The test's streams are the same on every run. Others are drawn with
//
//	go test ./server/difftest -run TestDifferential -explore
//	go test ./server/difftest -run TestSurvey -survey 10000 -v
//
// where the first makes the first difference small and prints its seed, and the
// second lists many.
package difftest
