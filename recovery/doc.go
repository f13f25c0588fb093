// Package recovery turns a directory into a verdict: a store that can be used,
// with an account of what was found and done, or a typed error that says what is
// wrong and where. Nothing is ever guessed: what a crash can leave is mended,
// everything else is refused untouched.
//
// Open reads MANIFEST, loads the newest valid snapshot, replays the log behind
// it, judges the end of the log and makes what it is about to serve durable.
// Verify looks at everything and changes nothing. Recover salvages what a
// damaged store still holds into a new directory. Records walks the log.
//
// # The order of Open
//
// Open first reads, then judges, then mends. Until the verdict stands not one
// byte of the directory changes, so that a refusal leaves the evidence as it was
// found. The mending runs in this order; a crash between any two steps, or
// inside one, leaves a directory on which Open starts over and ends the same:
//
//  1. Rewrite. Frames that nothing proves durable are written again, byte for
//     byte, and synced. They may stand only in the page cache (the process died
//     before its fsync, or fsync failed and the kernel marked the pages clean):
//     served as they are, a power cut would take back what readers saw. The
//     same bytes go over themselves, so a crash inside changes nothing. This
//     comes first: from here on all that was loaded is durable, and a disk too
//     full for the other steps can still be read.
//  2. Snapshots that turned out rotten move to quarantine/, both directories
//     synced. A crash behind this leaves MANIFEST listing a missing snapshot,
//     which is treated like a rotten one that was moved already.
//  3. The torn tail is copied to quarantine/, under a name made of its place and
//     its content, so that doing it again ends in the same file.
//  4. A segment that a rotation had published but not listed is published again
//     under its name, and its directory synced: that name may exist in memory
//     only, and the next step would make MANIFEST name a file that a power cut
//     takes away.
//  5. MANIFEST is replaced: rotten snapshots de-listed, the adopted segment
//     active, and the floor of LSNs raised above whatever the torn tail held (or
//     a lazy log may have lost without a trace).
//     It is replaced even when nothing changed, because the one that was read
//     may itself be a rename that never became durable; steps 6 and 7, and
//     every later commit, lean on its being so.
//  6. The torn tail is cut in place and the file synced. Only now: had the cut
//     come before the floor, a crash between the two would leave a log that
//     looks cleanly ended, and an LSN that somebody saw would be given again.
//  7. Leavings are swept: temporary files, segments below First, snapshots that
//     an interrupted compaction left. Only now: until step 5 a power cut could
//     have brought back a MANIFEST that still needs them. Other snapshots that
//     MANIFEST does not list (a copy, a renamed one) move to quarantine/.
//
// StartLog then goes on in the last segment when nothing was cut, and else in a
// new one that declares where the cut one ends.
//
// # Creation
//
// Directories first, each with its parent synced, then the first segment, then
// MANIFEST. So a directory without MANIFEST that holds no frame and no snapshot
// is a creation that was interrupted, and it is started again; one that holds
// either has lost its MANIFEST, and that is damage.
//
// # Read-only
//
// A read-only Open takes no lock and changes nothing. A writer may be at work on
// the same directory, so only frames that a later frame proves durable are
// shown, and every verdict but "valid" is checked again on fresh eyes: MANIFEST
// and the place are read once more, and a file that went away means that a
// compaction passed, and Open starts over.
package recovery
