package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/profiles"
)

// choice is a flag with a fixed set of values (pflag.Value).
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }

// Type is the placeholder for the value in help.
func (c *choice) Type() string { return strings.Join(c.words, "|") }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.words, value) {
		return fmt.Errorf("choose one of %s%s", strings.Join(c.words, ", "), profiles.DidYouMean(value, c.words))
	}
	c.value = value
	return nil
}

// choiceFlag adds a flag with completion. The first word is the default.
func choiceFlag(cmd *cobra.Command, name, short string, words ...string) *choice {
	c := &choice{value: words[0], words: words}
	usage := map[string]string{
		"output": "output format", "node-ip-family": "IP family of the nodes' addresses",
		"by": "time span of each line", "protocol": "protocol of --endpoint",
		"method": "how the primary is failed", "certificates": "origin of certificates in the clusters",
	}[name]
	cmd.Flags().VarP(c, name, short, usage)
	completeFlag(cmd, name, func(*cobra.Command) []string { return words })
	return c
}

// completeFlag adds shell completion for a flag's value.
func completeFlag(cmd *cobra.Command, flag string, words func(*cobra.Command) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return words(cmd), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag does not exist: a mistake in this program
	}
}
