package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/profiles"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a mistake on the command line itself.
type usageError struct {
	error
	command string
}

func (e usageError) Unwrap() error { return e.error }

// run runs the command line and returns the exit code.
func run(args []string, s streams) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(s.err, "error:", err)
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(s.err, "See '%s --help'.\n", usage.command)
		return exitUsage
	}
	return exitError
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "telepod",
		Short: "Cloud identity and telemetry settings for every pod",
		Long: `Telepod gives pods on AWS, Google Cloud and Azure their cloud identity, the OpenTelemetry
settings and, where asked, a Collector sidecar: in a cluster as an admission webhook, and
offline on manifests by the same code.

Exit codes: 0 success, 1 error, 2 wrong usage.`,
		Example: `  telepod inject -f deployment.yaml --profile aws --region us-east-1 --cluster prod-use1 | kubectl apply -f -
  telepod explain -f deployment.yaml
  telepod profiles show gcp`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	group(root, newWebhookCommand(), newInjectCommand(), newExplainCommand(), newProfilesCommand(), newHealthCommand(),
		newReasonsCommand(), newArchiveCommand(), newDrillCommand(), newVersionCommand(), newOwnDirectoryCommand())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{err, cmd.CommandPath()} })
	return root
}

// group makes a command that only has subcommands: it shows its help, and names the subcommand that
// was probably meant.
func group(parent *cobra.Command, children ...*cobra.Command) {
	parent.AddCommand(children...)
	parent.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		var names []string
		for _, child := range cmd.Commands() {
			names = append(names, child.Name())
		}
		return wrongUsage(cmd, "unknown command %q%s", args[0], didYouMean(args[0], names))
	}
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

func wrongUsage(cmd *cobra.Command, format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...), cmd.CommandPath()}
}

// arguments makes a failed check of positional arguments a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err, cmd.CommandPath()}
		}
		return nil
	}
}

func didYouMean(word string, candidates []string) string {
	if nearest, ok := profiles.Nearest(word, candidates); ok {
		return fmt.Sprintf(" (did you mean %q?)", nearest)
	}
	return ""
}

// profileHint is didYouMean for profiles, which people know by the name of the service or the company.
func profileHint(word string, names []string) string {
	known := map[string]string{
		"eks": "aws", "amazon": "aws", "ec2": "aws", "fargate": "aws",
		"gke": "gcp", "google": "gcp", "gce": "gcp",
		"aks": "azure", "microsoft": "azure",
	}[strings.ToLower(word)]
	if slices.Contains(names, known) {
		return fmt.Sprintf(" (did you mean %q?)", known)
	}
	return didYouMean(word, names)
}
