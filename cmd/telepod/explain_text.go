//go:build !injector

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/terminal"
)

// explainer prints plans: first the containers that send nothing, then the decision, the other problems, the edits, and
// what was left out.
type explainer struct {
	terminal.Terminal
	origins valueOrigins
	verbose bool
}

func (e explainer) text(p planned) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Paint(terminal.Bold, p.String()))
	silent, others := p.problems()
	e.problems(&b, silent)
	e.verdict(&b, p)
	e.problems(&b, others)
	for _, n := range p.Plan.Notes {
		fmt.Fprintf(&b, "  %s %s\n", e.Paint(terminal.Faint, "-"), e.Wrap(4, visible(n.Sentence())))
	}
	if p.Plan.Profile == nil {
		return b.String()
	}
	e.settings(&b, p.Plan)
	e.edits(&b, p)
	e.skipped(&b, p.Plan.Skipped)
	return b.String()
}

func (e explainer) problems(b *strings.Builder, texts []string) {
	for _, text := range texts {
		fmt.Fprintf(b, "  %s %s\n", e.Paint(terminal.Warn, "!"), e.Wrap(4, visible(text)))
	}
}

func (e explainer) verdict(b *strings.Builder, p planned) {
	d := p.Plan.Decision
	word, tone := "not injected", terminal.Warn
	switch {
	case d.Deny:
		word, tone = "denied", terminal.Bad
	case d.Inject:
		word, tone = "injected", terminal.Good
	}
	fmt.Fprintf(b, "  %s: %s\n", e.Paint(tone, word), e.Wrap(4, fmt.Sprintf("%s: %s", d.Reason, p.reason())))
}

func (e explainer) settings(b *strings.Builder, p *injector.Plan) {
	s := &p.Settings
	profile := p.Profile.Name
	if e.verbose {
		profile = fmt.Sprintf("%s, content %s", strings.Join(p.Profile.Lineage, " <- "), p.Profile.Hash)
	}
	row := func(name, value, origin string) {
		fmt.Fprintf(b, "  %-18s %s (%s)\n", name, e.Wrap(21, visible(value)), origin)
	}
	row("profile", profile, e.origins.setting("profile", s.Profile))
	row("endpoint", s.Endpoint.Value, e.origins.setting("endpoint", s.Endpoint))
	row("protocol", s.Protocol.Value, e.origins.setting("protocol", s.Protocol))
	row("sidecar", strconv.FormatBool(s.Sidecar.Value), e.origins.setting("sidecar", asText(s.Sidecar)))
	if e.verbose || p.SidecarKind != injector.SidecarNone {
		row("sidecar image", s.SidecarImage.Value, string(s.SidecarImage.Origin))
	}
	for _, list := range []struct {
		name string
		injector.List
	}{{"containers", s.Containers}, {"exclude containers", s.ExcludeContainers}, {"exclude variables", s.ExcludeVariables}, {"exclude attributes", s.ExcludeAttributes}} {
		if list.Names != nil {
			row(list.name, strings.Join(list.Names, ", "), string(list.Origin))
		}
	}
}

// edits shows what is added to each container, and the sidecar.
func (e explainer) edits(b *strings.Builder, p planned) {
	edits := p.Plan.Edits
	for i := 0; i < len(edits); {
		end := i + 1
		switch edit := &edits[i]; edit.Kind {
		case injector.AddSidecar:
			e.sidecar(b, p.Plan.SidecarKind, edit.Sidecar)
		case injector.Annotate:
			if e.verbose {
				fmt.Fprintf(b, "  annotation %s\n    = %s\n", edit.Annotation.Key, visible(edit.Annotation.Value))
			}
		default:
			for end < len(edits) && edits[end].Target == edit.Target {
				end++
			}
			e.variables(b, p, edits[i:end])
		}
		i = end
	}
}

// variables shows the edits of one container.
func (e explainer) variables(b *strings.Builder, p planned, edits []injector.Edit) {
	kind := "container"
	if edits[0].Target.Init {
		kind = "init container"
	}
	fmt.Fprintf(b, "  %s %s: %d variable(s)\n", kind, edits[0].Target.Name, len(edits))
	if !e.verbose {
		var names []string
		for _, edit := range edits {
			names = append(names, edit.Variable.Name)
		}
		fmt.Fprintf(b, "    %s\n", e.Wrap(4, strings.Join(names, ", ")))
		return
	}
	for _, edit := range edits {
		sign, place := "+", ""
		if edit.Kind == injector.SetValue {
			sign = "~"
		} else if edit.At > 0 {
			place = fmt.Sprintf(", after the first %d of the container's own", edit.At)
		}
		v := edit.Variable
		fmt.Fprintf(b, "    %s %s=%s  %s\n", sign, v.Name, shownValue(v.Value, v), e.Paint(terminal.Faint, "("+e.origins.why(p, v)+place+")"))
	}
}

func (e explainer) sidecar(b *strings.Builder, kind injector.SidecarKind, s *injector.AddedSidecar) {
	c := s.Typed()
	fmt.Fprintf(b, "  sidecar %s (%s)\n", c.Name, kind)
	if !e.verbose {
		return
	}
	for _, v := range c.Env {
		fmt.Fprintf(b, "    + %s=%s\n", v.Name, shownValue(v.Value, &injector.EnvVar{EnvVar: v}))
	}
}

// longest is the maximum length of a value, in characters: a sidecar's configuration would fill the screen.
const longest = 160

func shownValue(value string, v *injector.EnvVar) string {
	if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
		value = "<" + v.ValueFrom.FieldRef.FieldPath + ">"
	}
	value = visible(strings.ReplaceAll(value, "\n", "\\n"))
	if runes := []rune(value); len(runes) > longest {
		value = string(runes[:longest]) + "…"
	}
	return value
}

// skipped shows what was left out, once for each reason.
func (e explainer) skipped(b *strings.Builder, list []injector.Skip) {
	var reasons []injector.Reason
	items := map[injector.Reason][]string{}
	for _, s := range list {
		if !slices.Contains(reasons, s.Reason) {
			reasons = append(reasons, s.Reason)
		}
		items[s.Reason] = append(items[s.Reason], s.String())
	}
	if len(reasons) > 0 {
		b.WriteString("  left out\n")
	}
	for _, r := range reasons {
		fmt.Fprintf(b, "    %s\n      %s\n", e.Wrap(6, visible(strings.Join(items[r], ", "))), e.Wrap(6, fmt.Sprintf("%s: %s", r, r.Text())))
	}
}
