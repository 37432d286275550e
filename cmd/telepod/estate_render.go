//go:build !injector

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/estate"
)

func newEstateRenderCommand() *cobra.Command {
	f := &estateFile{}
	var directory string
	cmd := &cobra.Command{
		Use:   "render [CLUSTER...]",
		Short: "Write the chart's values for each cluster",
		Long: `Write the chart's values for each cluster, or for those in the arguments: to standard output, or with -o into a
directory as CLUSTER.yaml, for Argo CD, Flux, Terraform or helm. Files that this command did not write are not replaced.`,
		Example: `  telepod estate render -o values/
  telepod estate render prod-use1 | helm upgrade --install telepod charts/telepod -n telepod --kube-context prod-use1 -f -`,
	}
	f.register(cmd)
	cmd.Flags().StringVarP(&directory, "output", "o", "", "directory to write CLUSTER.yaml into; defaults to standard output")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		e, err := f.load(cmd)
		if err != nil {
			return err
		}
		chosen, err := chosenClusters(e, args)
		if err != nil {
			return err
		}
		for i, c := range chosen {
			text, err := e.ValuesFile(c, f.name())
			switch {
			case err != nil:
			case directory != "":
				err = writeValues(filepath.Join(directory, c.Name+".yaml"), text)
			default:
				if i > 0 {
					text = append([]byte("---\n"), text...)
				}
				_, err = cmd.OutOrStdout().Write(text)
			}
			if err != nil {
				return err
			}
		}
		if directory != "" {
			fmt.Fprintf(cmd.OutOrStdout(), "wrote the values of %d cluster(s) to %s\n", len(chosen), directory)
		}
		return nil
	}
	return cmd
}

// writeValues overwrites a values file only if this program generated it.
func writeValues(path string, text []byte) error {
	before, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
	case err != nil:
		return err
	case !bytes.HasPrefix(before, []byte(estate.ValuesHeader)):
		return fmt.Errorf("write %s: the file was not written by telepod estate render, so it is not replaced: move it, or choose another directory", path)
	}
	return os.WriteFile(path, text, 0o644)
}
