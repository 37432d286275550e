package main

import (
	"reflect"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// profileSchema returns the schema of the value profiles. It does not describe Kubernetes types, which the webhook's
// loader checks.
func profileSchema() map[string]any {
	schema := typeSchema(reflect.TypeFor[profiles.Profile]())
	schema["type"] = []string{"object", "null"}
	return map[string]any{"additionalProperties": schema}
}

// typeSchema returns the JSON schema of a Go type. Structs of this project allow no additional properties.
func typeSchema(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return typeSchema(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": typeSchema(t.Elem())}
	case reflect.Map:
		// null removes a key that a parent profile sets.
		return map[string]any{"type": "object"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int32, reflect.Int64, reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.String:
		return map[string]any{"type": "string"}
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[profiles.Profile]().PkgPath() {
		return map[string]any{"type": "object"}
	}
	properties := map[string]any{}
	for i := range t.NumField() {
		field := t.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			properties[name] = typeSchema(field.Type)
		}
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}
