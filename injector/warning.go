package injector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// Origin is the source of a setting.
type Origin string

// Origins, strongest first.
const (
	FromPod       Origin = "pod"
	FromNamespace Origin = "namespace"
	FromProfile   Origin = "profile"
	FromDefault   Origin = "default"
	// FromPlacement: the setting follows from the kind of node that the pod will run on.
	FromPlacement Origin = "placement"
)

// Warning is a mistake in an annotation. It never blocks a pod unless the injector is strict.
type Warning struct {
	Reason  Reason
	Origin  Origin // the object with the annotation: pod or namespace
	Key     string
	Value   string
	Problem string // what is wrong, and what happens instead
	Nearest string // a valid name or value close to the given one, or ""
}

// maxQuoted limits how much of a user's text a message repeats. API servers cut each warning at 256
// characters, and drop what exceeds 4,096 in total.
const maxQuoted = 64

// String returns the sentence that the user sees.
func (w Warning) String() string {
	kind := "annotation"
	if w.Key == InjectionLabel {
		kind = "label"
	}
	text := fmt.Sprintf("%s: %s %s %s", w.Reason, w.Origin, kind, Clip(w.Key, maxQuoted))
	if w.Value != "" {
		text += fmt.Sprintf(" = %q", Clip(w.Value, maxQuoted))
	}
	return text + ": " + w.Problem + profiles.Suggest(w.Nearest)
}

// Plain returns the sentence without any text from the user, for readers other than the user.
func (w Warning) Plain() string {
	text := string(w.Reason) + ": "
	if slices.Contains(Annotations(), w.Key) {
		text += string(w.Origin) + " annotation " + w.Key + ": "
	}
	return text + w.Reason.Text() + "; kubectl shows the details when the pod is created"
}

// Clip cuts text at a character, so that at most limit bytes remain.
func Clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

func invalidValue(origin Origin, key, value, format string, args ...any) Warning {
	return Warning{Reason: InvalidValue, Origin: origin, Key: key, Value: value, Problem: fmt.Sprintf(format, args...) + "; ignored"}
}

func near(word string, candidates []string) string {
	nearest, _ := profiles.Nearest(word, candidates)
	return nearest
}
