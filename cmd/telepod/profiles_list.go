package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/profiles"
)

func newProfilesListCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the profiles",
		Example: "  telepod profiles list --profiles-dir profiles/",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := loadProfiles(profiles.Facts{}, dir)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tINHERITS\tPROVIDER\tENDPOINT\tSOURCE\tDESCRIPTION")
			for _, name := range set.Names() {
				p, _ := set.Lookup(name)
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name, orDash(p.Inherits), orDash(p.Cloud.Provider),
					p.OTLP.Endpoint, p.Source, p.Description)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&dir, "profiles-dir", "", "directory with more profiles")
	return cmd
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
