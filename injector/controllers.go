package injector

import (
	"slices"
	"strings"
)

// stableLabels are labels in which controllers keep the name of what a user wrote, while the names of
// pods, Jobs and Deployments change with every run or revision. A service name that does so makes new
// time series each time. The first that a pod has wins.
func stableLabels() []string {
	return []string{
		"serving.kserve.io/inferenceservice",      // KServe, before Knative's, on which it may run
		"serving.knative.dev/service",             // Knative: a Deployment for each revision
		"serving.knative.dev/configuration",       // Knative without a Service
		"workflows.argoproj.io/cron-workflow",     // Argo Workflows: a Workflow for each run
		"workflows.argoproj.io/workflow-template", // likewise, submitted from a template
		"workflows.argoproj.io/cluster-workflow-template",
		"tekton.dev/pipeline",                     // Tekton: a PipelineRun for each run
		"tekton.dev/task",                         // Tekton: a TaskRun without a Pipeline
		"scaledjob.keda.sh/name",                  // KEDA: a Job for each event
		"events.argoproj.io/sensor",               // Argo Events
		"sparkoperator.k8s.io/scheduled-app-name", // Spark operator
		"sparkoperator.k8s.io/app-name",
		"ray.io/originated-from-cr-name", // KubeRay: a RayCluster for each RayJob
		"ray.io/cluster",
		"jobset.sigs.k8s.io/jobset-name",    // JobSet
		"actions.github.com/scale-set-name", // GitHub's runners
		"deploymentconfig",                  // OpenShift: a ReplicationController for each version
	}
}

// stableName is the first of these labels, or Airflow's: its pods have no owner, and dag_id is too
// short a name to go by alone.
func stableName(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	for _, label := range stableLabels() {
		if name := labels[label]; name != "" {
			return withoutRun(label, name)
		}
	}
	if labels["airflow_version"] != "" {
		return labels["dag_id"]
	}
	return ""
}

// withoutRun cuts what is random from the name of an object that a controller made for one run.
func withoutRun(label, name string) string {
	if label == "ray.io/cluster" || label == "sparkoperator.k8s.io/app-name" || label == "jobset.sigs.k8s.io/jobset-name" {
		return withoutSuffix(name)
	}
	return name
}

// controllerName is for pods of kinds that have no variable: the owner's name, which its pods share,
// instead of the pod's. What runs once has a random end.
func controllerName(c *OwnerReference) string {
	if slices.Contains([]string{"Workflow", "PipelineRun", "TaskRun", "RayJob", "SparkApplication", "EphemeralRunner"}, c.Kind) {
		return withoutSuffix(c.Name)
	}
	return c.Name
}

// generatedAlphabet is what the API server and controllers make random ends of names from: neither
// vowels nor what looks like them (k8s.io/apimachinery/pkg/util/rand), in fives.
const generatedAlphabet, generatedLength = "bcdfghjklmnpqrstvwxz2456789", 5

// withoutSuffix cuts the random ends that generateName gives: load-x7k2p is load. Some words of our
// trade are made of that alphabet.
func withoutSuffix(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 || len(name)-i-1 != generatedLength || strings.Trim(name[i+1:], generatedAlphabet) != "" ||
		slices.Contains([]string{"https", "html5", "mssql", "grpcs", "http2", "nftps"}, name[i+1:]) {
		return name
	}
	return name[:i]
}

// helper reports whether a container is its controller's own, by a name that means something only
// beside the controller's label: Argo's executor in a step of a Workflow.
func helper(labels map[string]string, container string) bool {
	return labels["workflows.argoproj.io/workflow"] != "" && (container == "init" || container == "wait")
}
