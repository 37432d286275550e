package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/terminal"
)

func newProfilesListCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the profiles",
		Example: "  telepod profiles list --profiles-dir profiles/",
		Args:    arguments(cobra.NoArgs),
	}
	output := choiceFlag(cmd, "output", "o", "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		set, err := loadProfiles(profiles.Facts{}, dir)
		if err != nil {
			return err
		}
		if output.value == "json" {
			return listJSON(cmd.OutOrStdout(), set)
		}
		rows := [][]terminal.Cell{terminal.Row("NAME", "INHERITS", "PROVIDER", "ENDPOINT", "SOURCE", "DESCRIPTION")}
		for _, name := range set.Names() {
			p, _ := set.Lookup(name)
			rows = append(rows, terminal.Row(name, orDash(p.Inherits), orDash(p.Cloud.Provider), p.OTLP.Endpoint, p.Source, p.Description))
		}
		_, err = io.WriteString(cmd.OutOrStdout(), terminal.Of(cmd.OutOrStdout()).Table(rows...))
		return err
	}
	cmd.Flags().StringVar(&dir, "profiles-dir", "", "directory with more profiles")
	return cmd
}

// listed is one profile in the JSON output.
type listed struct {
	Name        string `json:"name"`
	Inherits    string `json:"inherits,omitempty"`
	Provider    string `json:"provider,omitempty"`
	Endpoint    string `json:"endpoint"`
	Source      string `json:"source"`
	Description string `json:"description,omitempty"`
}

func listJSON(out io.Writer, set *profiles.Set) error {
	list := []listed{}
	for _, name := range set.Names() {
		p, _ := set.Lookup(name)
		list = append(list, listed{name, p.Inherits, p.Cloud.Provider, p.OTLP.Endpoint, p.Source, p.Description})
	}
	return printJSON(out, list)
}
