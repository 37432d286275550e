package manifest

import (
	"encoding/json"
	"strings"
)

// specTemplate is where most workloads keep their pod template.
const specTemplate = "/spec/template"

// templatePath is where objects of a known kind keep their pod, as a JSON Pointer: "" for a pod itself.
// It is false for kinds without one, and for kinds that are not known. The version does not matter: no kind has moved its template.
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

// likePodTemplate reports whether what an object of an unknown kind keeps at spec.template is the template
// of a pod: it has a list of containers with names, as with DeploymentConfig, CloneSet, Knative's Service
// and the workloads of many operators.
func likePodTemplate(raw json.RawMessage) bool {
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
