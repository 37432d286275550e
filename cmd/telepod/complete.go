package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet/inventory"
)

// completionLimit is the timeout for a cluster during completion.
const completionLimit = 2 * time.Second

// completeClusters adds completion from the kubeconfig and the cluster to every command with a kubeconfig flag.
// Errors are ignored: completion cannot show them.
func completeClusters(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		completeClusters(child)
	}
	if cmd.Flags().Lookup("kubeconfig") == nil {
		return
	}
	if cmd.ValidArgsFunction == nil && cmd.ValidArgs == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for flag, words := range map[string]func(*cobra.Command) []string{
		"context": contextNames, "contexts": contextNames, "site-contexts": contextNames, "primary": contextNames, "backup": contextNames,
		"namespace": namespaceNames, "probe-namespace": namespaceNames, "telepod-namespace": namespaceNames,
	} {
		if cmd.Flags().Lookup(flag) == nil {
			continue
		}
		if _, done := cmd.GetFlagCompletionFunc(flag); !done {
			completeList(cmd, flag, words)
		}
	}
}

// completeList completes the last element of a comma-separated list.
func completeList(cmd *cobra.Command, flag string, words func(*cobra.Command) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := begun[:strings.LastIndex(begun, ",")+1]
		var found []cobra.Completion
		for _, word := range words(cmd) {
			if !slices.Contains(strings.Split(before, ","), word) {
				found = append(found, before+word)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag does not exist: a mistake in this program
	}
}

func contextNames(cmd *cobra.Command) []string {
	names, err := inventory.Contexts(flagText(cmd, "kubeconfig"))
	if err != nil {
		return nil
	}
	return names
}

func namespaceNames(cmd *cobra.Command) []string {
	return ofCluster(cmd, func(ctx context.Context, c *inventory.Cluster) ([]string, error) { return c.NamespaceNames(ctx) })
}

// ofCluster queries the selected cluster, or the first of several.
func ofCluster(cmd *cobra.Command, ask func(context.Context, *inventory.Cluster) ([]string, error)) []string {
	kubeContext := flagText(cmd, "context")
	if list, err := cmd.Flags().GetStringSlice("contexts"); err == nil && len(list) > 0 {
		kubeContext = list[0]
	}
	c, err := inventory.Connect(flagText(cmd, "kubeconfig"), kubeContext)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionLimit)
	defer cancel()
	names, err := ask(ctx, c)
	if err != nil {
		return nil
	}
	return names
}

// completeWorkload completes KIND/NAME or KIND NAME of a cluster; other words may be files.
func completeWorkload(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 1 {
		if _, known := inventory.Kind(args[0]); known {
			return workloadNames(cmd, args[0]), cobra.ShellCompDirectiveNoFileComp
		}
	}
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	kind, _, named := strings.Cut(begun, "/")
	if !named {
		var kinds []cobra.Completion
		for _, word := range inventory.Kinds() {
			if full, _ := inventory.Kind(word); strings.EqualFold(full, word) {
				kinds = append(kinds, word+"/")
			}
		}
		return kinds, cobra.ShellCompDirectiveNoSpace
	}
	if _, known := inventory.Kind(kind); !known {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var found []cobra.Completion
	for _, name := range workloadNames(cmd, kind) {
		found = append(found, kind+"/"+name)
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// workloadNames returns the names of a kind in the namespace of the flags, or of the context.
func workloadNames(cmd *cobra.Command, kind string) []string {
	return ofCluster(cmd, func(ctx context.Context, c *inventory.Cluster) ([]string, error) {
		namespace := c.Namespace
		if cmd.Flags().Changed("namespace") {
			namespace = flagText(cmd, "namespace")
		}
		return c.Names(ctx, kind, namespace)
	})
}

// flagText returns the value of a flag; empty if the command does not have it.
func flagText(cmd *cobra.Command, flag string) string {
	if f := cmd.Flags().Lookup(flag); f != nil {
		return f.Value.String()
	}
	return ""
}
