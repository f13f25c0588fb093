package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

func newHelp(app *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help on a command",
		Long:    "Help prints what a command does, with examples that work when they are pasted.",
		Example: "  kvctl help import",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 || about == nil {
				e := &cli.UsageError{Msg: "no help on " + cli.Quoted([]byte(strings.Join(args, " "))), Try: []string{"kvctl help"}}
				if s := suggest(cmd.Root(), args[0]); s != "" {
					e.Try = []string{"kvctl help " + s}
				}
				return e
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
