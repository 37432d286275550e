package injector

import "testing"

// TestServiceNamesAreStable checks that a service is named after what runs, never after one run.
func TestServiceNamesAreStable(t *testing.T) {
	owner := func(version, kind, name string) []OwnerReference {
		return []OwnerReference{{APIVersion: version, Kind: kind, Name: name, Controller: true}}
	}
	for _, c := range []struct {
		what   string
		labels map[string]string
		owners []OwnerReference
		want   string
	}{
		{"Knative revision", map[string]string{"serving.knative.dev/service": "hello", "pod-template-hash": "6d4b75cb6d"},
			owner("apps/v1", "ReplicaSet", "hello-00007-deployment-6d4b75cb6d"), "hello"},
		{"workflow from a template", map[string]string{"workflows.argoproj.io/workflow-template": "etl"}, owner("argoproj.io/v1alpha1", "Workflow", "etl-x7k2p"), "etl"},
		{"workflow without a template", nil, owner("argoproj.io/v1alpha1", "Workflow", "etl-x7k2p"), "etl"},
		{"Tekton", map[string]string{"tekton.dev/pipeline": "build", "tekton.dev/task": "compile"}, owner("tekton.dev/v1", "TaskRun", "build-run-4fjxk-compile"), "build"},
		{"KEDA", map[string]string{"scaledjob.keda.sh/name": "resize"}, owner("batch/v1", "Job", "resize-9hx2k"), "resize"},
		{"Job by generateName", nil, owner("batch/v1", "Job", "import-7xk2p"), "import"},
		{"Job whose name ends in a word", nil, owner("batch/v1", "Job", "check-https"), "check-https"},
		{"Job whose name ends in a short word", nil, owner("batch/v1", "Job", "load-db"), "load-db"},
		{"Job that is all suffix", nil, owner("batch/v1", "Job", "-7xk2p"), "-7xk2p"},
		{"CronJob", nil, owner("batch/v1", "Job", "digest-29391840"), "digest"},
		{"Airflow", map[string]string{"airflow_version": "3.1", "dag_id": "reports", "task_id": "send"}, nil, "reports"},
		{"label dag_id without Airflow", map[string]string{"dag_id": "reports"}, nil, "web-0"},
		{"DeploymentConfig", map[string]string{"deploymentconfig": "web"}, owner("v1", "ReplicationController", "web-12"), "web"},
		{"CloneSet", nil, owner("apps.kruise.io/v1alpha1", "CloneSet", "web"), "web"},
		{"no owner", nil, nil, "web-0"},
	} {
		t.Run(c.what, func(t *testing.T) {
			pod := &Pod{Metadata: Metadata{Name: "web-0", Labels: c.labels, OwnerReferences: c.owners}}
			if got := serviceName(pod, Namespace{}, Owners(pod), false); got != c.want {
				t.Errorf("service name is %q, want %q", got, c.want)
			}
		})
	}
}
