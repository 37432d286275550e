//go:build !injector

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/estate/authorities"
)

// estateEdited is the part of the help that is common to the commands that change an estate file.
const estateEdited = `

Comments, order and everything else in the file are preserved. The change is printed as a diff, and is made only if
'telepod estate check' would report no error afterwards. With -f -, the changed file is written to standard output.`

func newEstateAddCommand() *cobra.Command {
	f := &estateInit{}
	cmd := &cobra.Command{
		Use: "add", Short: "Add clusters to an estate file",
		Long: "Add clusters to an estate file. --context and --cluster describe them as for 'telepod estate init'." + estateEdited,
		Example: `  telepod estate add --context prod-apne1
  telepod estate add --cluster name=prod-apne1,cloud=aws,region=ap-northeast-1,account=123456789012`,
		Args: arguments(cobra.NoArgs),
	}
	f.register(cmd)
	f.registerClusters(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if len(f.contexts)+len(f.clusters) == 0 {
			return wrongUsage(cmd, "name the clusters with --context or --cluster")
		}
		clusters, err := f.described(cmd)
		if err != nil {
			return err
		}
		var names []string
		err = f.edit(cmd, func(name string, text []byte) (_ []byte, err error) {
			for _, c := range clusters {
				if text, err = estate.Add(name, text, c); err != nil {
					return nil, err
				}
				names = append(names, c.Name)
			}
			return text, nil
		})
		if err == nil && f.path != standardInput {
			list := strings.Join(names, " ")
			fmt.Fprintf(cmd.OutOrStdout(), "next: telepod estate ca issue %s, then telepod estate install %[1]s\n", list)
		}
		return err
	}
	return cmd
}

func newEstateRemoveCommand() *cobra.Command {
	f := &estateFile{}
	cmd := &cobra.Command{
		Use: "remove CLUSTER", Short: "Remove a cluster from an estate file",
		Long:    "Remove a cluster without a site from an estate file. Nothing is removed from the cluster itself: revoke its authority before, and uninstall the release." + estateEdited,
		Example: "  telepod estate ca revoke prod-eas\n  telepod estate remove prod-eas",
		Args:    arguments(cobra.ExactArgs(1)),
	}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return f.edit(cmd, func(name string, text []byte) ([]byte, error) { return estate.Remove(name, text, args[0]) })
	}
	return cmd
}

func newEstateSetCommand() *cobra.Command {
	f := &estateFile{}
	cmd := &cobra.Command{
		Use: "set FIELD=VALUE... FIELD-...", Short: "Set or remove fields of an estate file",
		Long: `Set fields of an estate file, such as chart.version, sites.primary.endpoint, clusters.NAME.canary or
values.central.replicas. Lists and chart values are YAML. FIELD- removes a field, with the comments above it. Either all
changes are made, or none.` + estateEdited,
		Example: `  telepod estate set chart.version=0.2.0
  telepod estate set clusters.prod-eas.canary=true clusters.prod-eas.version=0.2.0
  telepod estate set chart.version=0.2.0 clusters.prod-eas.canary- clusters.prod-eas.version-
  telepod estate set 'clusters.prod-eas.networks=[10.30.0.0/16]'`,
		Args: arguments(cobra.MinimumNArgs(1)),
	}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var fields []estate.Assignment
		for _, arg := range args {
			field, value, found := strings.Cut(arg, "=")
			unset := !found && strings.HasSuffix(arg, "-")
			if !found && !unset {
				return usageError{fmt.Errorf("%q: write FIELD=VALUE, such as chart.version=0.2.0, or FIELD- to remove the field", arg), cmd.CommandPath()}
			}
			if unset {
				field = strings.TrimSuffix(arg, "-")
			}
			fields = append(fields, estate.Assignment{Field: field, Value: value, Unset: unset})
		}
		return f.edit(cmd, func(name string, text []byte) ([]byte, error) { return estate.Set(name, text, fields...) })
	}
	return cmd
}

func newEstateSwapCommand() *cobra.Command {
	f := &estateFile{}
	cmd := &cobra.Command{
		Use: "swap", Short: "Make the backup site the primary in an estate file",
		Long: `Make the backup site the primary in an estate file, and the primary the backup: after a long outage, or to rehearse one for
days. 'telepod estate upgrade' then applies it. 'telepod drill failover' is a rehearsal without such changes.` + estateEdited,
		Example: "  telepod estate swap && telepod estate upgrade",
		Args:    arguments(cobra.NoArgs),
	}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.edit(cmd, estate.Swap) }
	return cmd
}

// edit changes the file, and prints the difference.
func (f *estateFile) edit(cmd *cobra.Command, change func(name string, text []byte) ([]byte, error)) error {
	if f.path != standardInput {
		unlock, err := lockEstate(cmd.Context(), f.path)
		if err != nil {
			return err
		}
		defer unlock()
	}
	name, text, err := f.bytes(cmd.InOrStdin())
	if err != nil {
		return fmt.Errorf("read the estate file: %w", err)
	}
	changed, err := change(name, text)
	var problems estate.Problems
	if errors.As(err, &problems) {
		fmt.Fprintln(cmd.ErrOrStderr(), problems.Error())
		return fmt.Errorf("%s was not changed: there would be %d error(s)", name, len(problems))
	}
	if err != nil {
		return err
	}
	if f.path == standardInput {
		_, err := cmd.OutOrStdout().Write(changed)
		return err
	}
	if bytes.Equal(changed, text) {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is unchanged\n", name)
		return err
	}
	if err := overwrite(f.path, text, changed); err != nil {
		return fmt.Errorf("write the estate file: %w", err)
	}
	_, err = io.WriteString(cmd.OutOrStdout(), udiff.Unified("a/"+filepath.ToSlash(name), "b/"+filepath.ToSlash(name), string(text), string(changed)))
	return err
}

// overwrite replaces the content of a file, which may be behind a symbolic link, and keeps its mode. It fails if the
// content is no longer before, because an editor has saved the file in the meantime.
func overwrite(path string, before, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, before) {
		return fmt.Errorf("%s was changed by another program in the meantime, so it was not written: run the command again", path)
	}
	return authorities.ReplaceFile(path, text, info.Mode().Perm())
}

// lockPatience is how long a command waits for another one that changes the same file.
const lockPatience = 5 * time.Second

// lockEstate prevents other telepod commands from changing the file, like git: with a file next to it that only one of
// them can create. Kernel locks would need a permanent file, because every change replaces the estate file.
func lockEstate(ctx context.Context, path string) (unlock func(), err error) {
	path, err = filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return func() {}, nil // reading it reports that
	}
	if err != nil {
		return nil, err
	}
	lock := path + ".lock"
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		file, err := os.OpenFile(lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return func() { _ = os.Remove(lock) }, file.Close()
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("lock the estate file: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another command is changing %s: wait until it finishes; if it was interrupted, remove %s", path, lock)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
