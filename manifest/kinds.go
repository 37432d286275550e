package manifest

import "strings"

// templatePath is where objects of a kind keep their pod, as a JSON Pointer: "" for a pod itself.
// It is false for kinds without one. The version does not matter: no kind has moved its template.
func templatePath(apiVersion, kind string) (string, bool) {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group = ""
	}
	path, ok := map[[2]string]string{
		{"", "Pod"}:                   "",
		{"", "PodTemplate"}:           "/template",
		{"", "ReplicationController"}: "/spec/template",
		{"apps", "Deployment"}:        "/spec/template",
		{"apps", "ReplicaSet"}:        "/spec/template",
		{"apps", "StatefulSet"}:       "/spec/template",
		{"apps", "DaemonSet"}:         "/spec/template",
		{"batch", "Job"}:              "/spec/template",
		{"batch", "CronJob"}:          "/spec/jobTemplate/spec/template",
		{"argoproj.io", "Rollout"}:    "/spec/template",
	}[[2]string{group, kind}]
	return path, ok
}
