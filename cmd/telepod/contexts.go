//go:build !injector

package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet/inventory"
)

// checkContexts removes spaces and repetitions from --contexts, and refuses an empty name, for which kubectl would use the
// current context.
func checkContexts(cmd *cobra.Command, contexts *[]string) error {
	var names []string
	for _, name := range *contexts {
		if name = strings.TrimSpace(name); name == "" {
			return wrongUsage(cmd, "--contexts has an empty name: remove the extra comma")
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	*contexts = names
	return nil
}

// onlyFlags refuses arguments. Those after --contexts are probably more contexts.
func onlyFlags(cmd *cobra.Command, args []string) error {
	contexts, err := cmd.Flags().GetStringSlice("contexts")
	if err == nil && len(contexts) > 0 && len(args) > 0 {
		all := slices.Concat(contexts, args)
		for i := range all {
			all[i] = strings.Trim(all[i], " ,")
		}
		all = slices.DeleteFunc(all, func(name string) bool { return name == "" })
		return wrongUsage(cmd, "unexpected argument %q: separate contexts by commas: --contexts %s", args[0], shellWord(strings.Join(all, ",")))
	}
	return arguments(cobra.NoArgs)(cmd, args)
}

// wrongSelection sets the exit code of a kubeconfig that cannot be read and of a context that does not exist.
func wrongSelection(err error) error {
	if _, ok := errors.AsType[inventory.Selection](err); ok {
		return exitStatus{err, exitUsage, false}
	}
	return err
}
