package manifest

import (
	"encoding/json"
	"strings"
)

// specTemplate is the path of most workloads' pod template.
const specTemplate = "/spec/template"

// templatePath returns the JSON Pointer to the pod of a known kind: "" for a pod itself. It returns false for
// kinds without a pod and for unknown kinds. The version does not matter: no kind has moved its template.
func templatePath(apiVersion, kind string) (string, bool) {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group = ""
	}
	path, ok := map[[2]string]string{
		{"", "Pod"}:                   "",
		{"", "PodTemplate"}:           "/template",
		{"", "ReplicationController"}: specTemplate,
		{"apps", "Deployment"}:        specTemplate,
		{"apps", "ReplicaSet"}:        specTemplate,
		{"apps", "StatefulSet"}:       specTemplate,
		{"apps", "DaemonSet"}:         specTemplate,
		{"batch", "Job"}:              specTemplate,
		{"batch", "CronJob"}:          "/spec/jobTemplate/spec/template",
		{"argoproj.io", "Rollout"}:    specTemplate,
	}[[2]string{group, kind}]
	return path, ok
}

// isPodTemplate reports whether spec.template of an unknown kind is a pod template: it has a list of named
// containers, as in DeploymentConfig, CloneSet, Knative's Service and the workloads of many operators.
func isPodTemplate(raw json.RawMessage) bool {
	var template struct {
		Spec struct {
			Containers []struct {
				Name  *string `json:"name"`
				Image *string `json:"image"`
			} `json:"containers"`
		} `json:"spec"`
	}
	if raw == nil || json.Unmarshal(raw, &template) != nil {
		return false
	}
	for _, c := range template.Spec.Containers {
		if c.Name == nil && c.Image == nil {
			return false
		}
	}
	return len(template.Spec.Containers) > 0
}
