//go:build injector

package main

import "github.com/spf13/cobra"

// register adds the commands that the chart's pods run, except drills.
func register(root *cobra.Command) {
	root.Example = ""
	group(root, newVersionCommand(), newOwnDirectoryCommand(), newHealthCommand(), newProfilesCommand(), newWebhookCommand(), newRepairCommand())
}
