package main

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

// formatsKey is the annotation that lists a command's output formats.
const formatsKey = "formats"

// formats gives a command the basic output formats and further ones.
func formats(cmd *cobra.Command, more ...cli.Format) *cobra.Command {
	var names []string
	for _, f := range append(cli.BasicFormats(), more...) {
		names = append(names, string(f))
	}
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[formatsKey] = strings.Join(names, " ")
	return cmd
}

// bucketFlag gives a command the choice of a bucket.
func bucketFlag(app *cli.App, cmd *cobra.Command) {
	cmd.Flags().StringVarP(&app.Bucket, "bucket", "b", "", "bucket `NAME` (default: the default bucket, whose name is empty)")
}

// keyFlags is for commands that take keys on the command line.
type keyFlags struct{ hex bool }

func (k *keyFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&k.hex, "hex-keys", false, "keys on the command line are in hexadecimal")
}

// key reads a key from the command line.
func (k *keyFlags) key(s string) ([]byte, error) {
	if !k.hex {
		return []byte(s), nil
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, cli.Usagef("key %q: not hexadecimal", s)
	}
	return b, nil
}

// rangeFlags choose keys.
type rangeFlags struct {
	keyFlags
	prefix, from, to string
}

func (r *rangeFlags) add(cmd *cobra.Command) {
	r.keyFlags.add(cmd)
	f := cmd.Flags()
	f.StringVar(&r.prefix, "prefix", "", "only keys that begin with `PREFIX`")
	f.StringVar(&r.from, "from", "", "first `KEY`, included")
	f.StringVar(&r.to, "to", "", "last `KEY`, not included")
}

func (r *rangeFlags) scan() (s engine.Scan, err error) {
	for _, f := range []struct {
		text string
		to   *[]byte
	}{{r.prefix, &s.Prefix}, {r.from, &s.From}, {r.to, &s.To}} {
		if f.text == "" {
			continue
		}
		if *f.to, err = r.key(f.text); err != nil {
			return s, err
		}
	}
	return s, nil
}

// exactly demands one argument for each name.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage("missing " + strings.Join(names[len(args):], " and "))
		}
		if len(args) > len(names) {
			return usage("too many arguments, beginning with " + strconv.Quote(args[len(names)]))
		}
		return nil
	}
}

// atMost allows an argument for each name.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return exactly(names...)(cmd, args)
		}
		return nil
	}
}

// atLeastOne demands an argument.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("missing " + name)
		}
		return nil
	}
}

// exclusiveKey is the annotation that lists flags of which one may be given, in
// groups between semicolons.
const exclusiveKey = "exclusive"

// exclusive allows one of some flags. Cobra's own check comes too late to count
// as wrong usage, and reads badly.
func exclusive(cmd *cobra.Command, flags ...string) {
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[exclusiveKey] += strings.Join(flags, " ") + ";"
}

func checkExclusive(cmd *cobra.Command) error {
	for group := range strings.SplitSeq(cmd.Annotations[exclusiveKey], ";") {
		var given []string
		for _, f := range strings.Fields(group) {
			if cmd.Flags().Changed(f) {
				given = append(given, "--"+f)
			}
		}
		if len(given) > 1 {
			return cli.Usagef("%s: only one of them", strings.Join(given, " and "))
		}
	}
	return nil
}

// usage is a complaint from before a command began; execute adds what to try.
type usage string

func (u usage) Error() string { return string(u) }

// complete gives a flag its values.
func complete(cmd *cobra.Command, flag string, values ...string) {
	must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
}

// must is for registrations that can fail by a slip of the pen only.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
