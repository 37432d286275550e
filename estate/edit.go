package estate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	kyaml "sigs.k8s.io/yaml"

	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/profiles"
)

// The functions below change the text of a valid estate file. The rest stays as it is, including comments and order.
// They return an error, and no text, if the changed file would have mistakes.

// operation is an operation of a JSON Patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Add adds a cluster at the end of the list.
func Add(name string, text []byte, c Cluster) ([]byte, error) {
	out, err := patched(name, text, operation{"add", "/clusters/-", c})
	if err != nil {
		return nil, err
	}
	return checked(name, out)
}

// Remove removes a cluster, with the comments above it.
func Remove(name string, text []byte, cluster string) ([]byte, error) {
	e, problems := Load(name, text)
	if e == nil {
		return nil, problems.Errors()
	}
	i := slices.Index(e.Names(), cluster)
	switch {
	case i < 0:
		return nil, fmt.Errorf("the estate has no cluster %q%s", cluster, profiles.DidYouMean(cluster, e.Names()))
	case e.Role(cluster) != "":
		return nil, fmt.Errorf("cluster %s hosts the %s site: move the site first, with 'telepod estate set sites.%[2]s.cluster=NAME'", cluster, e.Role(cluster))
	}
	out, err := patched(name, text, operation{Op: "remove", Path: pointer([]string{"clusters", strconv.Itoa(i)})})
	if err != nil {
		return nil, err
	}
	return checked(name, out)
}

// Assignment is a field and its new value, such as chart.version, sites.primary.endpoint or clusters.prod-eas.canary.
type Assignment struct {
	Field, Value string
	// Unset removes the field instead.
	Unset bool
}

// Set sets or removes fields. Chart values are YAML; for other fields a value is text, or YAML if the field accepts no
// text. Removing a field that is not set changes nothing.
func Set(name string, text []byte, fields ...Assignment) ([]byte, error) {
	e, problems := Load(name, text)
	if e == nil {
		return nil, problems.Errors()
	}
	for _, f := range fields {
		parts, err := e.parts(f.Field)
		if err != nil {
			return nil, err
		}
		change := set
		if f.Unset {
			change = unset
		}
		if text, err = change(name, text, parts, f); err != nil {
			return nil, err
		}
	}
	return checked(name, text)
}

// set returns the text with a field set to a value, as text or as YAML.
func set(name string, text []byte, parts []string, f Assignment) ([]byte, error) {
	var value any
	if err := kyaml.Unmarshal([]byte(f.Value), &value); err != nil {
		return nil, fmt.Errorf("%s: %q is not YAML: %w", f.Field, f.Value, err)
	}
	asValue, err := put(name, text, parts, value)
	if err != nil {
		return nil, err
	}
	asText, err := put(name, text, parts, f.Value)
	if err != nil {
		return nil, err
	}
	switch value.(type) {
	case map[string]any, []any:
		return asValue, nil
	}
	if slices.Contains(parts, "values") || !accepts(name, asText, parts) && accepts(name, asValue, parts) {
		return asValue, nil
	}
	return asText, nil
}

// unset returns the text without a field, and without the mappings that would then be empty.
func unset(name string, text []byte, parts []string, f Assignment) ([]byte, error) {
	var document any
	if err := kyaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	last := 0 // index of the last part of the path to remove
	for i, part := range parts {
		switch at := document.(type) {
		case map[string]any:
			if i == 0 || len(at) > 1 {
				last = i
			}
			inner, found := at[part]
			if !found {
				return text, checkField(name, text, parts)
			}
			document = inner
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n >= len(at) || i == len(parts)-1 {
				return nil, fmt.Errorf("%s: an item of a list cannot be removed: set the whole list, or use 'telepod estate remove' for a cluster", f.Field)
			}
			document, last = at[n], i+1
		default:
			return text, checkField(name, text, parts)
		}
	}
	return patched(name, text, operation{Op: "remove", Path: pointer(parts[:last+1])})
}

// checkField returns an error for a field that an estate file cannot have.
func checkField(name string, text []byte, parts []string) error {
	probe, err := put(name, text, parts, "")
	if err != nil {
		return err
	}
	_, problems := Load(name, probe)
	for _, p := range problems.Errors() {
		if strings.HasPrefix(p.Message, "unknown field") {
			p.Line = 0
			return Problems{p}
		}
	}
	return nil
}

// put returns the text with a value at a path.
func put(name string, text []byte, parts []string, value any) ([]byte, error) {
	var document map[string]any
	if err := kyaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	o, err := setter(document, parts, value)
	if err != nil {
		return nil, err
	}
	return patched(name, text, o)
}

// accepts reports whether a field has no mistake.
func accepts(name string, text []byte, parts []string) bool {
	path := parts[0]
	for _, part := range parts[1:] {
		if _, err := strconv.Atoi(part); err == nil {
			path += "[" + part + "]"
		} else {
			path += "." + part
		}
	}
	_, problems := Load(name, text)
	return !slices.ContainsFunc(problems.Errors(), func(p Problem) bool { return p.Path == path })
}

// Swap exchanges the roles of the primary and the backup site.
func Swap(name string, text []byte) ([]byte, error) {
	e, problems := Load(name, text)
	if e == nil {
		return nil, problems.Errors()
	}
	if e.Sites.Backup == nil {
		return nil, fmt.Errorf("%s has no backup site to swap with the primary", name)
	}
	out, err := manifest.Renamed(name, text, "sites", map[string]string{Primary: Backup, Backup: Primary})
	if err != nil {
		return nil, err
	}
	return checked(name, out)
}

// setter returns the operation that sets a value at a path, with the mappings that are missing on the way.
func setter(document any, parts []string, value any) (operation, error) {
	for i, part := range parts {
		var inner any
		switch at := document.(type) {
		case map[string]any:
			inner = at[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n >= len(at) {
				return operation{}, fmt.Errorf("%s has no item %s: set the whole list", strings.Join(parts[:i], "."), part)
			}
			inner = at[n]
		default:
			return operation{}, fmt.Errorf("%s is not a mapping: it has no field %s", strings.Join(parts[:i], "."), part)
		}
		if inner == nil || i == len(parts)-1 {
			for _, missing := range slices.Backward(parts[i+1:]) {
				value = map[string]any{missing: value}
			}
			return operation{"add", pointer(parts[:i+1]), value}, nil
		}
		document = inner
	}
	return operation{}, errors.New("no field to set")
}

// pointer returns a JSON Pointer (RFC 6901).
func pointer(parts []string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return b.String()
}

// parts splits the name of a field, and replaces a cluster's name by its index.
func (e *Estate) parts(field string) ([]string, error) {
	parts := strings.Split(field, ".")
	if parts[0] != "clusters" || len(parts) == 1 {
		return parts, nil
	}
	i := slices.Index(e.Names(), parts[1])
	if i < 0 {
		return nil, fmt.Errorf("%s: write clusters.NAME.FIELD; the estate has no cluster %q%s", field, parts[1], profiles.DidYouMean(parts[1], e.Names()))
	}
	parts[1] = strconv.Itoa(i)
	return parts, nil
}

func patched(name string, text []byte, o operation) ([]byte, error) {
	patch, err := json.Marshal([]operation{o})
	if err != nil {
		return nil, err
	}
	out, err := manifest.Patched(name, text, patch)
	if errors.Is(err, manifest.ErrStyle) {
		return nil, fmt.Errorf("%s: this command cannot remove fields or items there, such as in a list in flow style ([…]): edit the file", name)
	}
	return out, err
}

// checked returns a text if it is a valid estate file. Mistakes have no line, because the text is in no file yet.
func checked(name string, text []byte) ([]byte, error) {
	e, problems := Load(name, text)
	if e != nil {
		return text, nil
	}
	mistakes := problems.Errors()
	for i := range mistakes {
		mistakes[i].Line = 0
	}
	return nil, mistakes
}
