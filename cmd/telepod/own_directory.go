package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// newOwnDirectoryCommand is for the chart's init container: the kubelet makes a node's directory for
// root, and the Collector that writes there is somebody else. The Collector's image has no shell.
func newOwnDirectoryCommand() *cobra.Command {
	var user int
	cmd := &cobra.Command{
		Use:    "own-directory DIRECTORY",
		Short:  "Make a directory, and a user and group its owner",
		Args:   arguments(cobra.ExactArgs(1)),
		Hidden: true,
		RunE:   func(_ *cobra.Command, args []string) error { return ownDirectory(args[0], user) },
	}
	cmd.Flags().IntVar(&user, "user", os.Getuid(), "number of the user, and of the group")
	return cmd
}

// ownDirectory makes the directory and gives it away with all that is in it: an earlier release may
// have run as another user. Symbolic links are given away, not followed.
func ownDirectory(directory string, user int) error {
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return fmt.Errorf("make the directory: %w", err)
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
