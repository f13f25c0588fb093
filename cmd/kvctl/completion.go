package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

func newCompletion(app *cli.App) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands and flags in a shell",
		Long: `Completion prints a script for a shell. To load it in every session:

  bash        kvctl completion bash > /etc/bash_completion.d/kvctl
  zsh         kvctl completion zsh > "${fpath[1]}/_kvctl"
  fish        kvctl completion fish > ~/.config/fish/completions/kvctl.fish
  powershell  kvctl completion powershell >> $PROFILE`,
		Example:               "  kvctl completion bash > kvctl.bash",
		ValidArgs:             shells,
		DisableFlagsInUseLine: true,
		Args:                  exactly("SHELL: bash, zsh, fish or powershell"),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, w := cmd.Root(), app.Stdout
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(w, true)
			case "zsh":
				return root.GenZshCompletion(w)
			case "fish":
				return root.GenFishCompletion(w, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(w)
			}
			return cli.Usagef("shell %s: it is bash, zsh, fish or powershell", cli.Quoted([]byte(args[0])))
		},
	}
}

// completeArgs says what the arguments of commands are, where they do not say so
// themselves: directories, keys (which nobody knows), or files.
func completeArgs(cmd *cobra.Command) {
	if cmd.ValidArgsFunction != nil || cmd.ValidArgs != nil {
		return
	}
	directive := cobra.ShellCompDirectiveDefault
	switch _, args, _ := strings.Cut(cmd.Use, " "); {
	case strings.Contains(args, "DIR@"), strings.Contains(args, "FILE"):
	case strings.Contains(args, "DIR"), args == "A B":
		directive = cobra.ShellCompDirectiveFilterDirs
	default:
		directive = cobra.ShellCompDirectiveNoFileComp
	}
	cmd.ValidArgsFunction = cobra.FixedCompletions(nil, directive)
}
