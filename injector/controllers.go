package injector

import (
	"slices"
	"strings"
)

// stableLabels returns the labels with the name that the user chose, set by controllers that rename pods,
// Jobs and Deployments with every run or revision. A service name that changed with them would create new
// time series each time. The first label that a pod has wins.
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

// stableName returns the first of these labels, or Airflow's. Airflow's pods have no owner, and the key
// dag_id is too generic on its own.
func stableName(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	for _, label := range stableLabels() {
		if name := labels[label]; name != "" {
			return withoutRunSuffix(label, name)
		}
	}
	if labels["airflow_version"] != "" {
		return labels["dag_id"]
	}
	return ""
}

// withoutRunSuffix removes the random part from the name of an object that a controller created for one run.
func withoutRunSuffix(label, name string) string {
	if label == "ray.io/cluster" || label == "sparkoperator.k8s.io/app-name" || label == "jobset.sigs.k8s.io/jobset-name" {
		return withoutSuffix(name)
	}
	return name
}

// controllerName returns the name of an owner for which there is no variable. The owner's pods share it.
// Owners that run once have a random suffix.
func controllerName(c *OwnerReference) string {
	if slices.Contains([]string{"Workflow", "PipelineRun", "TaskRun", "RayJob", "SparkApplication", "EphemeralRunner"}, c.Kind) {
		return withoutSuffix(c.Name)
	}
	return c.Name
}

// generatedAlphabet lists the characters of the random suffixes that the API server and controllers
// generate: no vowels and no lookalikes (k8s.io/apimachinery/pkg/util/rand), five at a time.
const generatedAlphabet, generatedLength = "bcdfghjklmnpqrstvwxz2456789", 5

// withoutSuffix removes the random suffix of generateName: load-x7k2p becomes load. Some common technical
// words use only that alphabet too.
func withoutSuffix(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 || len(name)-i-1 != generatedLength || strings.Trim(name[i+1:], generatedAlphabet) != "" ||
		slices.Contains([]string{"https", "html5", "mssql", "grpcs", "http2", "nftps"}, name[i+1:]) {
		return name
	}
	return name[:i]
}

// belongsToController reports whether a controller added a container: Argo's executor in a step of a
// Workflow. Its name is significant only together with the controller's label.
func belongsToController(labels map[string]string, container string) bool {
	return labels["workflows.argoproj.io/workflow"] != "" && (container == "init" || container == "wait")
}
