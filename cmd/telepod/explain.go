package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/injector"
)

const explainLong = `Explain what happens to the pods of manifests, and why: the decision, the profile, which source won
each setting, every edit and what it is derived from, and what was left out.

The manifests are read as by 'telepod inject'. Reason codes are those of the webhook's log, metrics,
warnings, events and audit annotations; 'telepod reasons' lists them all.`

const explainExample = `  telepod explain -f app.yaml --profile aws --region us-east-1 --cluster prod-use1
  kubectl get pod web-0 -o yaml | telepod explain -f -
  telepod explain -f manifests/ -o json | jq -r '.[] | select(.decision.inject | not) | .kind + " " + .name'`

type explainFlags struct {
	offlineFlags
	output *choice
}

func newExplainCommand() *cobra.Command {
	f := &explainFlags{}
	cmd := &cobra.Command{
		Use:     "explain -f FILE",
		Short:   "Explain what happens to the pods of manifests, and why",
		Long:    explainLong,
		Example: explainExample,
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	f.output = choiceFlag(cmd, "output", "o", "text", "json")
	return cmd
}

func (f *explainFlags) run(cmd *cobra.Command) error {
	_, list, err := f.read(cmd)
	if err != nil {
		return err
	}
	if f.output.value == "json" {
		return explainJSON(cmd, list)
	}
	for i, p := range list {
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		text := strings.ReplaceAll(strings.TrimSuffix(p.Plan.Explain(), "\n"), "\n", "\n  ")
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n  %s\n", p, text)
	}
	if len(list) == 0 {
		return note(cmd, list)
	}
	return nil
}

// explanation is one pod in the JSON output.
type explanation struct {
	File       string             `json:"file"`
	Line       int                `json:"line"`
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	Namespace  string             `json:"namespace"`
	Name       string             `json:"name"`
	Decision   decision           `json:"decision"`
	Profile    *profile           `json:"profile,omitempty"`
	Settings   map[string]setting `json:"settings,omitempty"`
	Sidecar    string             `json:"sidecar"`
	Skipped    []skip             `json:"skipped,omitempty"`
	Warnings   []string           `json:"warnings,omitempty"`
	Patch      json.RawMessage    `json:"patch"`
}

type decision struct {
	Inject bool            `json:"inject"`
	Denied bool            `json:"denied,omitempty"`
	Reason injector.Reason `json:"reason"`
	Text   string          `json:"text"`
}

type profile struct {
	Name    string   `json:"name"`
	Hash    string   `json:"hash"`
	Lineage []string `json:"lineage"`
}

type setting struct {
	Value  any             `json:"value"`
	Origin injector.Origin `json:"origin"`
}

type skip struct {
	Container string          `json:"container,omitempty"`
	Item      string          `json:"item,omitempty"`
	Reason    injector.Reason `json:"reason"`
}

func explainJSON(cmd *cobra.Command, list []planned) error {
	explanations := []explanation{}
	for _, p := range list {
		explanations = append(explanations, explained(p))
	}
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(explanations)
}

func explained(p planned) explanation {
	d := p.Plan.Decision
	e := explanation{
		File: p.File, Line: p.Line, APIVersion: p.APIVersion, Kind: p.Kind, Namespace: p.Namespace, Name: p.Name,
		Decision: decision{d.Inject, d.Deny, d.Reason, d.Reason.Text()},
		Sidecar:  p.Plan.Sidecar,
		Patch:    p.Plan.AppendPatch(nil, p.Path),
	}
	if e.Patch == nil {
		e.Patch = json.RawMessage("[]")
	}
	if resolved := p.Plan.Profile; resolved != nil {
		e.Profile = &profile{resolved.Name, resolved.Hash, resolved.Lineage}
		e.Settings = settings(p.Plan.Settings)
	}
	for _, s := range p.Plan.Skipped {
		e.Skipped = append(e.Skipped, skip{s.Container, s.Item, s.Reason})
	}
	for _, w := range p.Plan.Warnings {
		e.Warnings = append(e.Warnings, w.String())
	}
	return e
}

// settings are those that somebody said something about, by the names of their annotations.
func settings(s injector.Settings) map[string]setting {
	all := map[string]setting{}
	for name, one := range map[string]injector.Setting{"profile": s.Profile, "endpoint": s.Endpoint,
		"protocol": s.Protocol, "sidecar": s.Sidecar, "sidecar-image": s.SidecarImage} {
		all[name] = setting{one.Value, one.Origin}
	}
	for name, list := range map[string]injector.List{"containers": s.Containers,
		"exclude-containers": s.ExcludeContainers, "exclude-variables": s.ExcludeVariables} {
		if list.Names != nil {
			all[name] = setting{list.Names, list.Origin}
		}
	}
	return all
}
