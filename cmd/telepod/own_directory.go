package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// newOwnDirectoryCommand is for the chart's init container: the kubelet creates a node's directory as
// root, but the Collector that writes there runs as another user. The Collector's image has no shell.
func newOwnDirectoryCommand() *cobra.Command {
	var user int
	cmd := &cobra.Command{
		Use:    "own-directory DIRECTORY",
		Short:  "Create a directory, and change its owner to a user and group",
		Args:   arguments(cobra.ExactArgs(1)),
		Hidden: true,
		RunE:   func(_ *cobra.Command, args []string) error { return ownDirectory(args[0], user) },
	}
	cmd.Flags().IntVar(&user, "user", os.Getuid(), "ID of the user and of the group")
	return cmd
}

// ownDirectory creates the directory and changes the owner of all of its contents, because an earlier release may
// have run as another user. It does not follow symbolic links.
func ownDirectory(directory string, user int) error {
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return fmt.Errorf("create the directory: %w", err)
	}
	return filepath.WalkDir(directory, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, user, user)
		}
		if err != nil {
			return fmt.Errorf("make user %d the owner: %w", user, err)
		}
		return nil
	})
}
