package injector

import (
	"fmt"
	"strconv"
	"strings"
)

// explain describes the plan as text, for fixtures: the decision, the settings with their origins, every edit with its
// source, everything left out with the reason, and the warnings.
func explain(p *Plan) string {
	var b strings.Builder
	verdict := "left as it is"
	switch {
	case p.Decision.Deny:
		verdict = "denied"
	case p.Decision.Inject:
		verdict = "injected"
	}
	fmt.Fprintf(&b, "decision: %s\n  %s: %s\n", verdict, p.Decision.Reason, p.Decision.Reason.Text())
	for _, r := range p.Remarks() {
		fmt.Fprintf(&b, "  ! %s\n", r.Sentence())
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "  - %s\n", n.Sentence())
	}
	if p.Profile != nil {
		explainSettings(&b, p)
	}
	var target *Target
	for i := range p.Edits {
		e := &p.Edits[i]
		switch e.Kind {
		case AddVariable, SetValue:
			if e.Target != target {
				target = e.Target
				fmt.Fprintf(&b, "%s %s:\n", target.kind(), target.Name)
			}
			explainVariable(&b, e)
		case AddSidecar:
			fmt.Fprintf(&b, "sidecar %s:\n  + image %s\n", p.SidecarKind, e.Sidecar.spec.Image)
			for _, v := range e.Sidecar.env {
				explainVariable(&b, &Edit{Variable: v})
			}
		case AddPullSecret:
			fmt.Fprintf(&b, "  + pull secret %s\n", e.Secret)
		case Annotate:
			fmt.Fprintf(&b, "annotation %s:\n  = %s\n", e.Annotation.Key, e.Annotation.Value)
		}
	}
	if len(p.Skipped) > 0 {
		b.WriteString("left out:\n")
	}
	for _, s := range p.Skipped {
		fmt.Fprintf(&b, "  - %-40s %s: %s\n", s, s.Reason, s.Reason.Text())
	}
	if len(p.Warnings) > 0 {
		b.WriteString("warnings:\n")
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "  ! %s\n", w)
	}
	if p.MoreWarnings > 0 {
		fmt.Fprintf(&b, "  ! and %d more\n", p.MoreWarnings)
	}
	return b.String()
}

func explainSettings(b *strings.Builder, p *Plan) {
	s := &p.Settings
	fmt.Fprintf(b, "profile: %s (%s)\n  %s, content %s\n", p.Profile.Name, s.Profile.Origin, strings.Join(p.Profile.Lineage, " <- "), p.Profile.Hash)
	b.WriteString("settings:\n")
	sidecar := Setting[string]{strconv.FormatBool(s.Sidecar.Value), s.Sidecar.Origin}
	for _, row := range []struct {
		name string
		Setting[string]
	}{{"endpoint", s.Endpoint}, {"protocol", s.Protocol}, {"sidecar", sidecar}, {"sidecar image", s.SidecarImage}} {
		fmt.Fprintf(b, "  %-18s %s (%s)\n", row.name, row.Value, row.Origin)
	}
	for _, row := range []struct {
		name string
		List
	}{{"containers", s.Containers}, {"exclude containers", s.ExcludeContainers}, {"exclude variables", s.ExcludeVariables}, {"exclude attributes", s.ExcludeAttributes}} {
		if row.Names != nil {
			fmt.Fprintf(b, "  %-18s %s (%s)\n", row.name, strings.Join(row.Names, ", "), row.Origin)
		}
	}
}

// longest is the number of characters after which a value is cut, such as a sidecar's configuration.
const longest = 160

func explainVariable(b *strings.Builder, e *Edit) {
	v, sign := e.Variable, "+"
	if e.Kind == SetValue {
		sign = "~"
	}
	value := v.Value
	if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
		value = "<" + v.ValueFrom.FieldRef.FieldPath + ">"
	}
	value = strings.ReplaceAll(value, "\n", "\\n")
	if runes := []rune(value); len(runes) > longest {
		value = string(runes[:longest]) + "…"
	}
	place := ""
	if e.Kind == AddVariable && e.At > 0 {
		place = fmt.Sprintf(", behind the container's own first %d", e.At)
	}
	fmt.Fprintf(b, "  %s %s=%s  (%s%s)\n", sign, v.Name, value, v.Why, place)
}

func (t Target) kind() string {
	if t.Init {
		return "init container"
	}
	return "container"
}
