package injector

import (
	"strconv"
	"strings"
)

// Workload is an owner of the pod. In lists the outermost is last: a ReplicaSet, then its Deployment.
type Workload struct {
	Kind string // Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob or Rollout
	Name string
}

// The labels with the hash that ends a ReplicaSet's name, for a Deployment and an Argo Rollout.
const templateHashLabel, rolloutHashLabel = "pod-template-hash", "rollouts-pod-template-hash"

// A CronJob names its Jobs <name>-<minutes since 1970 of the scheduled time>. Digits outside
// these bounds (2017 and 2065) are part of a user's name, such as a date.
const earliestMinutes, latestMinutes = 25_000_000, 50_000_000

// Owners computes the workloads above a pod from its controller's name, without querying the API server.
// A Deployment's ReplicaSet is named <deployment>-<pod-template-hash>, and an Argo Rollout's similarly. That
// name changes with every release, so it is unsuitable as a service name.
func Owners(pod *Pod) []Workload {
	c := pod.controller()
	if c == nil {
		return nil
	}
	group, _, _ := strings.Cut(c.APIVersion, "/")
	switch {
	case group == "apps" && c.Kind == "ReplicaSet":
		list := []Workload{{"ReplicaSet", c.Name}}
		for label, kind := range map[string]string{templateHashLabel: "Deployment", rolloutHashLabel: "Rollout"} {
			hash := pod.Metadata.Labels[label]
			if name, ok := strings.CutSuffix(c.Name, "-"+hash); ok && hash != "" && name != "" {
				return append(list, Workload{kind, name})
			}
		}
		return list
	case group == "apps" && (c.Kind == "StatefulSet" || c.Kind == "DaemonSet" || c.Kind == "Deployment"):
		// Some operators, such as Flink's in native mode, create the pods of their Deployments themselves.
		return []Workload{{c.Kind, c.Name}}
	case group == "batch" && c.Kind == "Job":
		list := []Workload{{"Job", c.Name}}
		if i := strings.LastIndexByte(c.Name, '-'); i > 0 {
			n, err := strconv.Atoi(c.Name[i+1:])
			if err == nil && n >= earliestMinutes && n < latestMinutes {
				list = append(list, Workload{"CronJob", c.Name[:i]})
			}
		}
		return list
	}
	return nil
}

// variable returns the name of the workload's variable, e.g. K8S_DEPLOYMENT_NAME.
func (w Workload) variable() string { return "K8S_" + strings.ToUpper(w.Kind) + "_NAME" }

// attribute returns the resource attribute, e.g. k8s.deployment.name.
func (w Workload) attribute() string { return "k8s." + strings.ToLower(w.Kind) + ".name" }
