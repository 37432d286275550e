package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// dashboard is a file in charts/dashboards.
type dashboard struct {
	Title  string  `yaml:"title"`
	Panels []panel `yaml:"panels"`
}

type panel struct {
	Title string `yaml:"title"`
	// Kind is a Grafana panel type; the default is timeseries.
	Kind string `yaml:"kind"`
	// Unit is a Grafana unit.
	Unit string `yaml:"unit"`
	// Empty states when it is normal that the panel has no data.
	Empty string `yaml:"empty"`
	// Queries maps legend templates to queries, in the order of the file.
	Queries yaml.Node `yaml:"queries"`
}

const (
	columns = 24 // width of Grafana's grid
	width   = columns / 2
	height  = 8
)

// dashboards renders charts/dashboards for Grafana, by path in the chart.
func dashboards(root string) (map[string][]byte, error) {
	sources, err := filepath.Glob(filepath.Join(root, "charts/dashboards/*.yaml"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".yaml")
		raw, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		var d dashboard
		decoder := yaml.NewDecoder(bytes.NewReader(raw))
		decoder.KnownFields(true)
		if err := decoder.Decode(&d); err != nil {
			return nil, fmt.Errorf("charts/dashboards/%s.yaml: %w", name, err)
		}
		if files["charts/telepod/dashboards/"+name+".json"], err = encode(d.grafana(name), " "); err != nil {
			return nil, err
		}
	}
	return files, nil
}

type object = map[string]any

// grafana returns the dashboard model for Grafana 10 and later.
func (d dashboard) grafana(name string) object {
	var panels []any
	for i, p := range d.Panels {
		panels = append(panels, p.grafana(i))
	}
	source := object{"type": "prometheus", "uid": "${datasource}"}
	return object{
		"uid": "telepod-" + name, "title": d.Title, "tags": []string{"telepod"}, "schemaVersion": 39,
		"editable": true, "refresh": "1m", "time": object{"from": "now-6h", "to": "now"}, "panels": panels,
		"templating": object{"list": []any{
			object{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
			object{"name": "cluster", "label": "Cluster", "type": "query", "datasource": source, "refresh": 2,
				"query": "label_values(k8s_cluster_name)", "multi": true, "includeAll": true, "allValue": ".*",
				"current": object{"text": "All", "value": "$__all"}},
		}},
	}
}

// grafana returns the panel model at a position, counted from left to right and from top to bottom.
func (p panel) grafana(place int) object {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var targets []any
	for i := 0; i < len(p.Queries.Content); i += 2 {
		targets = append(targets, object{
			"refId": string(rune('A' + i/2)), "datasource": source,
			"legendFormat": p.Queries.Content[i].Value, "expr": p.Queries.Content[i+1].Value,
		})
	}
	model := object{
		"id": place + 1, "type": "timeseries", "title": p.Title, "datasource": source, "targets": targets,
		"gridPos":     object{"x": place * width % columns, "y": place * width / columns * height, "w": width, "h": height},
		"fieldConfig": object{"defaults": object{"unit": p.Unit}, "overrides": []any{}},
	}
	if p.Kind != "" {
		model["type"] = p.Kind
	}
	if p.Empty != "" {
		model["description"] = "Empty " + p.Empty
	}
	return model
}
