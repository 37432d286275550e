package injector

import (
	"maps"
	"slices"
	"strings"
)

// attribute is a resource attribute in the form of OTEL_RESOURCE_ATTRIBUTES: its value is
// percent-encoded, its literal parts escaped, its references left in.
type attribute struct {
	key, value string
	refs       []string
}

// literalAttribute encodes a value that has no references.
func literalAttribute(key, value string) attribute {
	return attribute{key: key, value: escape(percentEncode(value))}
}

// expressionAttribute makes an attribute from a profile's value: $(NAME) in it is a reference, and the rest is literal.
func expressionAttribute(key, value string) attribute {
	a := attribute{key: key}
	scan(value, func(text string) { a.value += percentEncode(text) }, func(name string) {
		a.value += "$(" + name + ")"
		a.refs = append(a.refs, name)
	})
	return a
}

// percentEncode encodes the characters that a value of OTEL_RESOURCE_ATTRIBUTES cannot contain: the
// OpenTelemetry specification uses the value grammar of W3C Baggage, and "," "=" "%" are special. SDKs
// discard the whole variable if they cannot parse it.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	plain := func(c byte) bool {
		return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\' && c != '=' && c != '%' && c != '+' // "+": the Collector's env detector decodes it as a space
	}
	ok := true
	for i := range len(s) {
		ok = ok && plain(s[i])
	}
	if ok {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// userAttributes are the keys of a user's own OTEL_RESOURCE_ATTRIBUTES.
type userAttributes struct {
	keys map[string]bool
	// opaque is true if a part is a reference, which may expand to any keys.
	opaque bool
}

// parseAttributes parses a user's list; ok is false if an SDK would discard it.
func parseAttributes(value string) (user userAttributes, ok bool) {
	if strings.Count(value, ",") >= maxPairs {
		return user, false
	}
	user.keys = map[string]bool{}
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		key, _, pair := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		switch {
		case strings.Contains(key, "$("):
			user.opaque = true
		case !pair || key == "":
			return user, false
		}
		user.keys[key] = true
	}
	return user, true
}

// annotated returns the attributes from annotations resource.opentelemetry.io/<key>, sorted by key. The pod's
// override the namespace's. service.name has its own variable.
func annotated(pod *Pod, ns Namespace) []attribute {
	values := map[string]string{}
	for _, annotations := range []map[string]string{ns.Annotations, pod.Metadata.Annotations} {
		for key, value := range annotations {
			if key, ok := strings.CutPrefix(key, ResourcePrefix); ok && key != "" && key != "service.name" && value != "" {
				values[key] = value
			}
		}
	}
	var list []attribute
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list = append(list, literalAttribute(key, values[key]))
	}
	return list
}

// overlay merges the attributes of top into base. A key in both gets top's value, at base's position.
func overlay(base, top []attribute) []attribute {
	if len(top) == 0 {
		return base
	}
	merged := slices.Clone(base)
	at := make(map[string]int, len(base)+len(top))
	for i, a := range merged {
		at[a.key] = i
	}
	for _, a := range top {
		if i, ok := at[a.key]; ok {
			merged[i] = a
			continue
		}
		at[a.key] = len(merged)
		merged = append(merged, a)
	}
	return merged
}

func hasKey(list []attribute, key string) bool {
	return slices.ContainsFunc(list, func(a attribute) bool { return a.key == key })
}
