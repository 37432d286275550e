package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/telepod/telepod/profiles"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// exitStatus is an error with its own exit code.
type exitStatus struct {
	error
	code int
	// reported is true if the output already includes the reason.
	reported bool
}

func (e exitStatus) Unwrap() error { return e.error }

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
	root.SetArgs(withoutHelp(root, args))
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return exitOK
	}
	status, hasStatus := errors.AsType[exitStatus](err)
	if !status.reported {
		fmt.Fprintln(s.err, "error:", visibleLines(err.Error()))
	}
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(s.err, "See '%s --help'.\n", usage.command)
		return exitUsage
	}
	if hasStatus {
		return status.code
	}
	return exitError
}

// withoutHelp removes --help after an unknown command: cobra would show the parent's help instead of an error.
func withoutHelp(root *cobra.Command, args []string) []string {
	found, rest, err := root.Find(args)
	if err != nil || !found.HasAvailableSubCommands() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return args
	}
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--help" || arg == "-h" })
}

// visibleLines makes an error safe for a terminal, because errors quote files and responses of servers.
func visibleLines(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\t", " "), "\n")
	for i, line := range lines {
		lines[i] = visible(line)
	}
	return strings.Join(lines, "\n")
}

// visible replaces unprintable characters in untrusted text.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, text)
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "telepod",
		Short: "Cloud identity and telemetry settings for every pod",
		Long: `Telepod gives pods on AWS, Google Cloud and Azure their cloud identity, the OpenTelemetry
settings and, on request, a Collector sidecar: in a cluster as an admission webhook, and offline on
manifests with the same code.

Exit codes: 0 success, 1 error, 2 wrong usage.`,
		Example: `  telepod inject deployment.yaml --profile aws --region us-east-1 --cluster prod-use1 | kubectl apply -f -
  telepod explain deployment.yaml

  telepod explain pod web-0 -n shop               # why it is injected or not, where its spans go, and where they are lost
  telepod status --contexts a,b,c                 # which site is in use
  telepod check --contexts a,b,c --canary         # what is wrong, and how to repair it
  telepod cost --prometheus URL                   # what it costs
  telepod drill failover --dry-run --contexts a,b,c --primary a --backup b   # whether the backup can take over`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	register(root)
	root.Version = buildVersion()
	root.SetVersionTemplate("telepod {{.Version}}\n")
	root.SetGlobalNormalizationFunc(oneName)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w%s", err, flagHint(cmd, err)), cmd.CommandPath()}
	})
	root.SetHelpCommand(newHelpCommand(root))
	completeClusters(root)
	return root
}

// section adds commands as a group in help.
func section(parent *cobra.Command, title string, children ...*cobra.Command) {
	parent.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, child := range children {
		child.GroupID = title
	}
	parent.AddCommand(children...)
}

// newHelpCommand returns cobra's help command, except that an unknown command is a usage error.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return wrongUsage(root, "help: unknown command %q%s", strings.Join(args, " "), profiles.DidYouMean(lastWord(args), names(found)))
			}
			return found.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			found, _, err := root.Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return names(found), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func lastWord(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// names returns the names of a command's children.
func names(cmd *cobra.Command) []string {
	var list []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			list = append(list, child.Name())
		}
	}
	return list
}

// oneName unifies the names of TLS flags across commands; older names remain valid.
func oneName(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if current := map[string]string{"ca-file": "ca", "cert-file": "cert", "key-file": "key"}[name]; current != "" {
		name = current
	}
	return pflag.NormalizedName(name)
}

// flagHint suggests an existing flag for an unknown one.
func flagHint(cmd *cobra.Command, err error) string {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || unknown.GetSpecifiedShortnames() != "" {
		return ""
	}
	if unknown.GetSpecifiedName() == "contexts" && cmd.Flags().Lookup("context") != nil {
		return ": this command reads one cluster: use --context"
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	if nearest, ok := profiles.Nearest(unknown.GetSpecifiedName(), names); ok {
		return fmt.Sprintf(" (did you mean --%s?)", nearest)
	}
	return ""
}

// group adds subcommands to a command that does nothing else: it shows its help, and suggests the subcommand that was
// probably meant.
func group(parent *cobra.Command, children ...*cobra.Command) {
	parent.AddCommand(children...)
	parent.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return wrongUsage(cmd, "unknown command %q%s", args[0], profiles.DidYouMean(args[0], names(cmd)))
	}
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

func wrongUsage(cmd *cobra.Command, format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...), cmd.CommandPath()}
}

// arguments turns a failed check of positional arguments into a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err, cmd.CommandPath()}
		}
		return nil
	}
}

// profileHint is DidYouMean for profiles; people may use the name of the service or the company.
func profileHint(word string, names []string) string {
	known := map[string]string{
		"eks": "aws", "amazon": "aws", "ec2": "aws", "fargate": "aws",
		"gke": "gcp", "google": "gcp", "gce": "gcp",
		"aks": "azure", "microsoft": "azure",
	}[strings.ToLower(word)]
	if slices.Contains(names, known) {
		return profiles.Suggest(known)
	}
	return profiles.DidYouMean(word, names)
}
