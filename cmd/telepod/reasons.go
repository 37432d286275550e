package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/injector"
)

func newReasonsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reasons [CODE...]",
		Short: "Say what the reason codes mean",
		Long: `Say what the reason codes mean that stand in the webhook's log, metrics, warnings, events and audit
annotations, in the annotation telepod.dev/status and in 'telepod explain'.`,
		Example: "  telepod reasons value-from missing-reference",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return reasonCodes(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			texts := map[string]string{}
			for _, r := range injector.Reasons() {
				texts[string(r.Reason)] = r.Text
			}
			if len(args) == 0 {
				args = reasonCodes()
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, code := range args {
				text, ok := texts[code]
				if !ok {
					return wrongUsage(cmd, "unknown reason %q%s", code, didYouMean(code, reasonCodes()))
				}
				fmt.Fprintf(w, "%s\t%s\n", code, text)
			}
			return w.Flush()
		},
	}
}

func reasonCodes() []string {
	var codes []string
	for _, r := range injector.Reasons() {
		codes = append(codes, string(r.Reason))
	}
	return codes
}
