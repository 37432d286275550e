package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"

	"sigs.k8s.io/yaml"
)

// listTypes are the types of list entries.
//
//go:embed definitions.yaml
var listTypes []byte

// schemaFile renders values.schema.json. Each section of shared becomes a definition.
func schemaFile(root, shared *value) ([]byte, error) {
	schema := root.jsonSchema(shared)
	definitions := map[string]any{}
	for _, section := range shared.children {
		definitions[section.key] = section.jsonSchema(shared)
	}
	var listed map[string]any
	if err := yaml.Unmarshal(listTypes, &listed); err != nil {
		return nil, fmt.Errorf("read definitions.yaml: %w", err)
	}
	maps.Copy(definitions, listed)
	schema["definitions"] = definitions
	if profiles, ok := schema["properties"].(map[string]any)["profiles"].(map[string]any); ok {
		maps.Copy(profiles, profileSchema())
	}
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = "Values of the chart telepod"
	// Helm passes the parent chart's global values to every chart, so they may have any keys.
	properties := schema["properties"].(map[string]any)
	global, ok := properties["global"].(map[string]any)
	if !ok {
		global = map[string]any{"type": "object"}
		properties["global"] = global
	}
	delete(global, "additionalProperties")
	return encode(schema, "  ")
}

// encode returns a value as indented JSON.
func encode(value any, indent string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(value)
	return b.Bytes(), err
}

// objectNames matches keys of values that name a Kubernetes object, such as existingSecret.
var objectNames = regexp.MustCompile(`(^s|S)ecret$|ConfigMap$|(^c|C)lassName$`)

// jsonSchema returns the type of the default, narrowed by @schema. Sections allow no additional keys. Shared
// values refer to the definitions.
func (v *value) jsonSchema(shared *value) map[string]any {
	schema := map[string]any{"type": jsonType(v.node.ShortTag())}
	if v.description != "" {
		schema["description"] = v.description
	}
	if objectNames.MatchString(v.key) && schema["type"] == "string" {
		schema["pattern"] = "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$"
	}
	maps.Copy(schema, v.schema)
	if v.children == nil {
		return schema
	}
	properties := map[string]any{}
	for _, child := range v.children {
		properties[child.key] = child.jsonSchema(shared)
	}
	if section := shared.child(v.shared); section != nil {
		for _, child := range section.children {
			if v.child(child.key) == nil {
				properties[child.key] = map[string]any{"$ref": "#/definitions/" + section.key + "/properties/" + child.key}
			}
		}
	}
	schema["properties"] = properties
	schema["additionalProperties"] = false
	return schema
}

func jsonType(tag string) string {
	switch tag {
	case "!!bool":
		return "boolean"
	case "!!int":
		return "integer"
	case "!!float":
		return "number"
	case "!!seq":
		return "array"
	case "!!map":
		return "object"
	default:
		return "string"
	}
}
