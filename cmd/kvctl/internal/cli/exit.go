package cli

// The exit codes of every command. Scripts rely on them.
const (
	ExitOK          = 0   // fine
	ExitDiffers     = 1   // not found, or differences
	ExitUsage       = 2   // wrong usage, or bad input
	ExitIO          = 3   // the file system failed, or the log has
	ExitTorn        = 4   // a torn tail: the next open mends it
	ExitDamage      = 5   // damage: kvctl recover salvages
	ExitNotAStore   = 6   // not a store, or a format unknown here
	ExitLocked      = 7   // another process has the store open for writing
	ExitInterrupted = 130 // by a signal; nothing is left half-done
)
