// Package demo shows, on the machine at hand, that what the engine acknowledged
// survives a kill.
//
// A child process writes through the engine from several goroutines. Before it
// begins a commit it says so through a pipe, and after the engine has
// acknowledged it, it says that too. What was written into a pipe outlives its
// writer, so the parent holds every acknowledgement the child ever got, whatever
// happens to it. At a random moment the parent kills it with SIGKILL, recovers
// the store, and judges it by its own list; the child never reports on itself.
//
// # What is judged
//
// Each writer numbers its commits from 1 and begins one when the last was
// acknowledged. With A the last acknowledged, I the last begun and R the last
// recovered: A <= R <= I, commits 1 to R are all there and nothing else, each
// with the bytes and the LSN that belong to it, and the second key of every
// commit agrees with the first. So nothing acknowledged is lost, nothing was made
// up, and no commit came back in part.
//
// # What a kill can show
//
// SIGKILL ends a process in the middle of a system call: a large write may stay
// half done, and that is the torn tail to be seen. It does not take away what the
// kernel holds, as a power cut does; the crash suites of fuzz/ are for that.
package demo
