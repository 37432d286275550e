package fleet

import (
	"fmt"
	"strings"

	"github.com/telepod/telepod/injector"
)

// mistakes lists what is wrong with the settings of a pod that is injected: the webhook's warnings, and another cloud than
// that of the injector's default profile. The variables of a pod count only if they cannot be those of another profile.
func (j Judge) mistakes(pod *Pod, plan *injector.Plan, own bool) (list []string) {
	for _, w := range plan.Warnings {
		list = append(list, w.String())
	}
	cluster, chosen := j.Injector.DefaultProfile(), plan.Profile
	switch want := cluster.Cloud.Provider; {
	case want == "":
	case chosen.Cloud.Provider != "" && chosen.Cloud.Provider != want:
		list = append(list, fmt.Sprintf("%s: profile %s, which the %s chooses, is for the cloud %s; the cluster's default profile %s is for %s",
			injector.Contradiction, chosen.Name, plan.Settings.Profile.Origin, chosen.Cloud.Provider, cluster.Name, want))
	case own && chosen.Cloud.Provider == want:
		list = append(list, otherClouds(pod, want)...)
	}
	return list
}

// otherClouds lists the containers whose own variables name another cloud.
func otherClouds(pod *Pod, want string) (list []string) {
	for _, c := range pod.Spec.Containers {
		for _, v := range c.Env {
			if name, value := cloudIn(v); value != "" && value != want && c.Name != injector.SidecarName {
				list = append(list, fmt.Sprintf("%s: container %s sets %s=%s itself; the cluster's default profile is for %s",
					injector.Contradiction, Printable(c.Name), name, Printable(value), want))
			}
		}
	}
	return list
}

// cloudIn returns the cloud that a variable names; empty if it names none, or its value is not known.
func cloudIn(v injector.Variable) (name, value string) {
	switch {
	case uncertain(v) && v.Name != "OTEL_RESOURCE_ATTRIBUTES":
		return "", ""
	case v.Name == "CLOUD_PROVIDER":
		return v.Name, strings.TrimSpace(v.Value)
	case v.Name == "OTEL_RESOURCE_ATTRIBUTES":
		for pair := range strings.SplitSeq(v.Value, ",") {
			if key, value, _ := strings.Cut(pair, "="); strings.TrimSpace(key) == "cloud.provider" && !strings.Contains(value, "$(") {
				return "cloud.provider", strings.TrimSpace(value)
			}
		}
	}
	return "", ""
}
