//go:build !injector

package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/terminal"
)

const explainLong = `Explain what happens to the pods of manifests, and why: the decision, the warnings, the profile, the source
of each setting, the variables, and what was left out. -v adds every value and its origin.

The manifests are read as by 'telepod inject'. "assumed" marks facts that only a cluster can confirm. Reason codes are the
same as in the webhook's log, metrics, warnings, events and audit annotations; 'telepod reasons' lists them all.

TYPE/NAME or TYPE NAME explains a workload or a pod of a running cluster: what its pods have, whether they are up to date,
and the command that repairs them; then where its telemetry goes, hop by hop: sidecar or Collector, the site in use, its
stores, and which of them does not forward it. If the sites are in other clusters, set --site-contexts to their contexts.
The profiles and settings are those of the injector in the cluster. Flags for the profile or the cluster's facts replace
all of them. 'telepod rbac' prints the required permissions.
An existing file of that name, or -f, takes precedence over the cluster.`

const explainExample = `  telepod explain app.yaml --profile aws --region us-east-1 --cluster prod-use1
  kubectl get pod web-0 -o yaml | telepod explain -
  telepod explain manifests/ -o json | jq -r '.[] | select(.decision.inject | not) | .kind + " " + .name'
  telepod explain deploy/checkout -n shop --context prod-use1
  telepod explain deploy/checkout -n shop --context prod-use1 --site-contexts prod-euw1,prod-weu
  telepod explain pod web-0`

type explainFlags struct {
	offlineFlags
	live liveFlags
	// sites are contexts of clusters with central sites.
	sites   []string
	output  *choice
	verbose bool
}

func newExplainCommand() *cobra.Command {
	f := &explainFlags{}
	cmd := &cobra.Command{
		Use:     "explain FILE... | TYPE/NAME | TYPE NAME",
		Short:   "Explain what happens to pods and why, and where their telemetry goes",
		Long:    explainLong,
		Example: explainExample,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },

		ValidArgsFunction: completeWorkload,
	}
	f.register(cmd)
	f.live.register(cmd)
	cmd.Flags().StringSliceVar(&f.sites, "site-contexts", nil, "contexts of the clusters with central sites, to follow telemetry to their stores; the workload's own cluster is always included")
	f.output = choiceFlag(cmd, "output", "o", "text", "json")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show every value and its origin")
	return cmd
}

func (f *explainFlags) run(cmd *cobra.Command, args []string) error {
	target, live, err := f.target(cmd, args)
	if err != nil {
		return err
	}
	if live {
		return f.explainLive(cmd, target)
	}
	_, list, err := f.read(cmd, args)
	if err != nil {
		return err
	}
	origins, err := f.origins(cmd)
	if err != nil {
		return err
	}
	if f.output.value == "json" {
		err = explainJSON(cmd, list, origins)
	} else {
		e := explainer{Terminal: terminal.Of(cmd.OutOrStdout()), origins: origins, verbose: f.verbose}
		for i, p := range list {
			if i > 0 {
				fmt.Fprintln(cmd.OutOrStdout())
			}
			fmt.Fprint(cmd.OutOrStdout(), e.text(p))
		}
		if len(list) == 0 {
			err = noteNothingInjected(cmd, list)
		}
	}
	if err != nil || !f.strict {
		return err
	}
	n := 0
	for _, p := range list {
		n += len(p.messages())
	}
	if n > 0 {
		return fmt.Errorf("strict: %d warning(s) count as errors: correct what they name", n)
	}
	return nil
}

// explanation is one pod in the JSON output.
type explanation struct {
	File       string               `json:"file,omitempty"`
	Line       int                  `json:"line,omitempty"`
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Namespace  string               `json:"namespace"`
	Name       string               `json:"name"`
	Decision   decision             `json:"decision"`
	Profile    *profile             `json:"profile,omitempty"`
	Settings   map[string]setting   `json:"settings,omitempty"`
	Sidecar    injector.SidecarKind `json:"sidecar"`
	Skipped    []skip               `json:"skipped,omitempty"`
	Notes      []skip               `json:"notes,omitempty"`
	Warnings   []string             `json:"warnings,omitempty"`
	Patch      json.RawMessage      `json:"patch"`
}

type decision struct {
	Inject bool `json:"inject"`
	Denied bool `json:"denied,omitempty"`
	// Assumed is true if the reason is only assumed: --assume-opted-in.
	Assumed bool            `json:"assumed,omitempty"`
	Reason  injector.Reason `json:"reason"`
	Text    string          `json:"text"`
}

type profile struct {
	Name    string   `json:"name"`
	Hash    string   `json:"hash"`
	Lineage []string `json:"lineage"`
}

type setting struct {
	Value any `json:"value"`
	// Origin is pod, namespace, profile, default, or the flag or environment variable of the command line.
	Origin string `json:"origin"`
}

type skip struct {
	Container string          `json:"container,omitempty"`
	Item      string          `json:"item,omitempty"`
	Reason    injector.Reason `json:"reason"`
}

func explainJSON(cmd *cobra.Command, list []planned, o valueOrigins) error {
	explanations := []explanation{}
	for _, p := range list {
		explanations = append(explanations, explained(p, o))
	}
	return printJSON(cmd.OutOrStdout(), explanations)
}

func explained(p planned, o valueOrigins) explanation {
	d := p.Plan.Decision
	e := explanation{
		File: p.File, Line: p.Line, APIVersion: p.APIVersion, Kind: p.Kind, Namespace: p.Namespace, Name: p.Name,
		Decision: decision{d.Inject, d.Deny, p.Assumed, d.Reason, p.reason()},
		Sidecar:  p.Plan.SidecarKind,
		Patch:    p.Plan.AppendPatch(nil, p.Path),
	}
	if e.Patch == nil {
		e.Patch = json.RawMessage("[]")
	}
	if resolved := p.Plan.Profile; resolved != nil {
		e.Profile = &profile{resolved.Name, resolved.Hash, resolved.Lineage}
		e.Settings = settingsByName(p.Plan.Settings, o)
	}
	for _, s := range p.Plan.Skipped {
		e.Skipped = append(e.Skipped, skip{s.Container, s.Item, s.Reason})
	}
	for _, n := range p.Plan.Notes {
		e.Notes = append(e.Notes, skip{n.Container, n.Item, n.Reason})
	}
	e.Warnings = p.messages()
	return e
}

// asText formats a boolean setting as in its annotation.
func asText(s injector.Setting[bool]) injector.Setting[string] {
	return injector.Setting[string]{Value: strconv.FormatBool(s.Value), Origin: s.Origin}
}

// settingsByName returns the settings by the names of their annotations; lists only if they were set.
func settingsByName(s injector.Settings, o valueOrigins) map[string]setting {
	all := map[string]setting{}
	for name, one := range map[string]injector.Setting[string]{"profile": s.Profile, "endpoint": s.Endpoint,
		"protocol": s.Protocol, "sidecar": asText(s.Sidecar), "sidecar-image": s.SidecarImage} {
		all[name] = setting{one.Value, o.setting(name, one)}
	}
	for name, list := range map[string]injector.List{"containers": s.Containers,
		"exclude-containers": s.ExcludeContainers, "exclude-variables": s.ExcludeVariables,
		"exclude-attributes": s.ExcludeAttributes} {
		if list.Names != nil {
			all[name] = setting{list.Names, string(list.Origin)}
		}
	}
	return all
}
