package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/terminal"
)

func newReasonsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reasons [CODE...]",
		Short: "Explain the reason codes",
		Long: `Explain the reason codes of the webhook's log, metrics, warnings, events and audit annotations, of the
annotation telepod.dev/status and of 'telepod explain'.`,
		Example: "  telepod reasons value-from missing-reference",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return reasonCodes(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	output := choiceFlag(cmd, "output", "o", "table", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = reasonCodes()
		}
		explained := map[string]string{}
		var rows [][]terminal.Cell
		for _, code := range args {
			if !slices.Contains(reasonCodes(), code) {
				return wrongUsage(cmd, "unknown reason %q%s", code, profiles.DidYouMean(code, reasonCodes()))
			}
			explained[code] = injector.Reason(code).Text()
			rows = append(rows, []terminal.Cell{{Text: code, Tone: terminal.Bold}, {Text: explained[code]}})
		}
		if output.value == "json" {
			return printJSON(cmd.OutOrStdout(), explained)
		}
		_, err := io.WriteString(cmd.OutOrStdout(), terminal.Of(cmd.OutOrStdout()).Table(rows...))
		return err
	}
	return cmd
}

func reasonCodes() []string {
	var codes []string
	for _, r := range injector.Reasons() {
		codes = append(codes, string(r.Reason))
	}
	return codes
}
