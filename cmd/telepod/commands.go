//go:build !injector

package main

import "github.com/spf13/cobra"

// register adds all commands. The injector's image has a smaller program, built with the tag injector: it has only
// the commands of commands_injector.go. Files that need a client of stores or sites have the opposite constraint.
func register(root *cobra.Command) {
	group(root, newVersionCommand(), newOwnDirectoryCommand(), newManCommand())
	section(root, "Pods and manifests:", newInjectCommand(), newExplainCommand(), newProfilesCommand(), newReasonsCommand())
	section(root, "All clusters:", newEstateCommand())
	section(root, "A running estate:", newStatusCommand(), newCheckCommand(), newStaleCommand(), newRestartCommand(), newCostCommand(), newRBACCommand(), newHealthCommand(), newDrillCommand(), newArchiveCommand())
	section(root, "In the cluster:", newWebhookCommand(), newRepairCommand())
}
