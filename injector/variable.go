package injector

import (
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	corev1 "k8s.io/api/core/v1"
)

// Variables with special rules.
const (
	otelPrefix             = "OTEL_"
	otelEndpoint           = "OTEL_EXPORTER_OTLP_ENDPOINT"
	otelProtocol           = "OTEL_EXPORTER_OTLP_PROTOCOL"
	otelServiceName        = "OTEL_SERVICE_NAME"
	otelResourceAttributes = "OTEL_RESOURCE_ATTRIBUTES"
	otelPropagators        = "OTEL_PROPAGATORS"
	otelDisabled           = "OTEL_SDK_DISABLED"

	// If either is set, an SDK reads its settings from a file and ignores all other OTEL_* (declarative
	// configuration; older SDKs use the second name).
	otelConfigFile             = "OTEL_CONFIG_FILE"
	otelExperimentalConfigFile = "OTEL_EXPERIMENTAL_CONFIG_FILE"
)

// EnvVar is a variable to inject: its Kubernetes form, its JSON (encoded once), and the variables that
// its value refers to.
type EnvVar struct {
	corev1.EnvVar
	Why string // what it is derived from, for `telepod explain`

	json []byte
	refs []string
}

// literal returns a variable with a literal value: every $( in it is escaped.
func literal(name, value, why string) *EnvVar { return newEnvVar(name, escape(value), nil, why) }

// expression returns a variable with a value that may refer to others as $(NAME).
func expression(name, value, why string) *EnvVar {
	return newEnvVar(name, value, references(value), why)
}

func newEnvVar(name, value string, refs []string, why string) *EnvVar {
	v := &EnvVar{EnvVar: corev1.EnvVar{Name: name, Value: value}, Why: why, refs: refs}
	v.json = append(make([]byte, 0, len(name)+len(value)+32), `{"name":`...)
	v.json = appendString(v.json, name)
	if value != "" {
		v.json = appendString(append(v.json, `,"value":`...), value)
	}
	v.json = append(v.json, '}')
	return v
}

// field returns a variable from the Downward API.
func field(name, path, why string) *EnvVar {
	return fromSpec(corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}, why)
}

// fromSpec converts a variable from a profile.
func fromSpec(spec corev1.EnvVar, why string) *EnvVar {
	encoded, err := json.Marshal(spec)
	if err != nil {
		panic(err) // strings and pointers to strings: cannot fail
	}
	return &EnvVar{EnvVar: spec, Why: why, json: encoded, refs: references(spec.Value)}
}

// appendString appends s as a JSON string; invalid UTF-8 becomes U+FFFD, as in the API server.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // the error is invalid UTF-8, which it has replaced
	return dst
}

// escape returns the env value that Kubernetes expands to s. In env values, $(NAME) is a reference and $$
// is $ (core/v1 EnvVar.value).
func escape(s string) string {
	if !strings.Contains(s, "$(") && !strings.Contains(s, "$$") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '$' && i+1 < len(s) && (s[i+1] == '(' || s[i+1] == '$') {
			b.WriteByte('$')
		}
	}
	return b.String()
}

// references lists the names that value refers to as $(NAME).
func references(value string) []string {
	var names []string
	scan(value, func(string) {}, func(name string) { names = append(names, name) })
	return names
}

// scan reads value as the kubelet does. It calls text with each literal part, escapes included, and reference
// with each name that value refers to, in order.
func scan(value string, text, reference func(string)) {
	start := 0
	for i := 0; i+1 < len(value); i++ {
		next := strings.IndexByte(value[i:], '$')
		if next < 0 || i+next+1 >= len(value) {
			break
		}
		i += next
		if value[i+1] != '(' {
			i++ // "$$" is an escaped "$"; "$x" is itself
			continue
		}
		end := strings.IndexByte(value[i+1:], ')')
		if end < 0 {
			break // an open "$(" is itself, and so is everything after it
		}
		text(value[start:i])
		reference(value[i+2 : i+1+end])
		i += 1 + end
		start = i + 1
	}
	text(value[start:])
}
