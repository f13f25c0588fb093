package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

const rootLong = `kvctl uses, inspects, verifies and mends redis-lite stores.

A store is a directory: --dir DIR, else $KVCTL_DIR, else ./kvdata. Commands that
look at one take it as an argument too.

Data goes to standard output, everything else to standard error; -o json and
-o jsonl are for programs. Exit codes: 0 fine, 1 not found or differences, 2 usage
or bad input, 3 I/O or a failed log, 4 torn tail, 5 damage, 6 not a store, 7
locked, 130 interrupted.`

// newRoot builds the tree of commands around one App.
func newRoot(app *cli.App) *cobra.Command {
	cobra.EnableCommandSorting = false // ours is the order of use
	root := &cobra.Command{
		Use:   "kvctl",
		Short: "Use, inspect, verify and mend redis-lite stores",
		Long:  rootLong,
		Example: `  kvctl set mykey myval
  kvctl get mykey
  kvctl demo`,
		Version:                    versionLine(),
		SilenceErrors:              true,
		SilenceUsage:               true,
		DisableSuggestions:         true, // ours are hints, see execute
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE:          func(cmd *cobra.Command, _ []string) error { return begin(app, cmd) },
	}
	root.SetOut(app.Stdout)
	root.SetErr(app.Stderr)
	root.SetVersionTemplate("{{.Version}}\n")
	app.Format = cli.FormatTable

	flags := root.PersistentFlags()
	flags.StringVarP(&app.Dir, "dir", "d", "", "`DIR` of the store (default $KVCTL_DIR, else ./kvdata)")
	flags.StringVarP((*string)(&app.Format), "format", "o", string(cli.FormatTable), "output `FORMAT`: table, json, jsonl, and what else a command has")
	flags.BoolVarP(&app.Quiet, "quiet", "q", false, "no notes and no progress")
	flags.StringVar(&app.Color, "color", "auto", "colour `WHEN`: auto, always, never")
	complete(root, "color", "auto", "always", "never")
	must(root.MarkPersistentFlagDirname("dir"))
	must(root.RegisterFlagCompletionFunc("format", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return strings.Fields(cmd.Annotations[formatsKey]), cobra.ShellCompDirectiveNoFileComp
	}))

	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"use", "Use a store:", []*cobra.Command{
			newSet(app), newGet(app), newDel(app), newScan(app), newCount(app), newIncr(app), newTTL(app), newWatch(app),
			newImport(app), newExport(app),
		}},
		{"serve", "Serve it:", []*cobra.Command{newServe(app)}},
		{"inspect", "Inspect, without locks and without changing anything:", []*cobra.Command{
			newInfo(app), newVerify(app), newSegments(app), newLog(app), newHexdump(app), newHistory(app),
			newSnapshot(app), newDiff(app), newStats(app),
		}},
		{"look", "Look, in a browser:", []*cobra.Command{newReport(app), newUI(app)}},
		{"mend", "Mend, into a new directory:", []*cobra.Command{newRecover(app)}},
		{"care", "Take care:", []*cobra.Command{newCompact(app), newBackup(app), newRestore(app), newDoctor(app)}},
		{"run", "And:", []*cobra.Command{newDemo(app), newBench(app), newCrashtest(app), newVersion(app), newCompletion(app), newHelp(app)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			completeArgs(c)
			root.AddCommand(c)
			if c.Name() == "help" {
				root.SetHelpCommand(c)
				root.SetHelpCommandGroupID(g.id)
			}
		}
	}
	for _, c := range append(newDemoParts(app), newCrashParts()...) {
		root.AddCommand(c)
	}
	return root
}

// What cobra says of a command that does not exist, of a negative number that it
// takes for a flag, and of a value that a flag cannot have.
var (
	unknownCommand = regexp.MustCompile(`^unknown command "([^"]*)" for`)
	negativeNumber = regexp.MustCompile(`^unknown shorthand flag: '\d'`)
	badValue       = regexp.MustCompile(`^invalid argument "(.*)" for ".*(--[a-z-]+)" flag: `)
)

// expected says which values a flag takes, in the place of what the library that
// could not read one says.
func expected(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "int64":
		return "expected a whole number of 64 bits"
	case "uint", "uint64":
		return "expected a whole number of 64 bits, from 0 on"
	case "duration":
		return "expected a number with a unit, as 90s, 30m or 12h"
	case "bool":
		return "expected true or false"
	}
	return "it cannot be read as " + f.Value.Type()
}

// begin checks what all commands share. From here on a command runs.
func begin(app *cli.App, cmd *cobra.Command) error {
	if cmd.Flags().Changed("dir") && app.Dir == "" {
		return cli.Usagef("--dir is an empty string")
	}
	if !slices.Contains([]string{"auto", "always", "never"}, app.Color) {
		return cli.Usagef("--color %s: it is auto, always or never", cli.Quoted([]byte(app.Color)))
	}
	have := cli.BasicFormats()
	if names, ok := cmd.Annotations[formatsKey]; ok {
		have = nil
		for _, n := range strings.Fields(names) {
			have = append(have, cli.Format(n))
		}
	}
	if err := cli.CheckFormat(app.Format, have); err != nil {
		app.Format = cli.FormatTable // so that the error has a form at all
		return err
	}
	if err := checkExclusive(cmd); err != nil {
		return err
	}
	cmd.SetContext(context.WithValue(cmd.Context(), begunKey{}, true))
	return nil
}

type begunKey struct{}

// execute runs the command and makes usage errors of what cobra complains about.
func execute(ctx context.Context, app *cli.App, root *cobra.Command, args []string) error {
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return nil
	}
	var usage *cli.UsageError
	if cmd.Context() != nil && cmd.Context().Value(begunKey{}) != nil || errors.As(err, &usage) {
		return err
	}
	if app.Format == cli.FormatTable {
		app.Format = askedFormat(args)
	}
	name := strings.TrimPrefix(cmd.CommandPath(), root.Name())
	msg, try := err.Error(), "kvctl help"+name
	if m := unknownCommand.FindStringSubmatch(msg); m != nil {
		msg = "unknown command " + strconv.Quote(m[1])
		if s := suggest(root, m[1]); s != "" {
			try = "kvctl " + s
		}
	}
	if m := badValue.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s %s: %s", m[2], cli.Quoted([]byte(m[1])), expected(cmd.Flags().Lookup(m[2][2:])))
	}
	if negativeNumber.MatchString(msg) && strings.Contains(cmd.Use, "KEY") {
		try = "kvctl" + name + " [flags] -- KEY -5   # behind -- nothing is a flag"
	}
	return &cli.UsageError{Msg: msg, Try: []string{try}}
}

// askedFormat finds -o on a command line that was given up before its flags were
// read, so that a program that asked for JSON gets its error as JSON.
func askedFormat(args []string) cli.Format {
	for i, a := range args {
		switch next := nth(args, i+1); {
		case a == "--":
			return cli.FormatTable
		case (a == "-o" || a == "--format") && cli.Format(next).JSON():
			return cli.Format(next)
		}
		for _, f := range []cli.Format{cli.FormatJSON, cli.FormatJSONL} {
			if a == "-o"+string(f) || a == "-o="+string(f) || a == "--format="+string(f) {
				return f
			}
		}
	}
	return cli.FormatTable
}

// suggest finds the command that somebody may have meant.
func suggest(root *cobra.Command, word string) string {
	if s := root.SuggestionsFor(word); len(s) > 0 {
		return s[0]
	}
	return ""
}

// nth is an argument, or "" behind the last.
func nth(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}
