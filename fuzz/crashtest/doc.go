// Package crashtest puts a store through the crashes that package crashfs can
// simulate, and says what was wrong with what came back.
package crashtest
