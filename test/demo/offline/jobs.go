package offline

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/demo/screen"
)

// jobName is the Job's name in manifests/jobs.yaml.
const jobName = "report"

// job is the pod of a Job.
type job struct {
	cloud  cloud
	pod    *corev1.Pod
	status injector.Status
}

func (d *demo) jobs(ctx context.Context) (string, func(), error) {
	d.screen.Command("kubectl apply -f test/demo/offline/manifests/jobs.yaml")
	if _, err := d.apply(ctx, "jobs.yaml"); err != nil {
		return "", nil, err
	}
	var jobs []job
	for _, c := range clouds() {
		j, err := d.job(ctx, c)
		if err != nil {
			return "", nil, err
		}
		jobs = append(jobs, j)
	}
	return "each pod was stored with a native sidecar, which lets a Job finish", func() { d.showSidecars(jobs) }, nil
}

// job waits for the pod of a cloud's Job.
func (d *demo) job(ctx context.Context, c cloud) (j job, err error) {
	j.cloud = c
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		list, err := d.client.CoreV1().Pods(c.app).List(ctx, metav1.ListOptions{LabelSelector: batchv1.JobNameLabel + "=" + jobName})
		if err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return fmt.Errorf("job %s/%s has no pod", c.app, jobName)
		}
		j.pod = &list.Items[0]
		j.status, err = status(j.pod)
		return err
	})
	return j, err
}

// showSidecars shows the sidecars that would run.
func (d *demo) showSidecars(jobs []job) {
	t := screen.Table{Head: columns()}
	sidecar, policy, endpoint := screen.Row{Name: "sidecar"}, screen.Row{Name: "its restartPolicy"}, screen.Row{Name: "the Job sends to"}
	for _, r := range jobs {
		of := r.cloud.app + "/" + jobName + ": "
		sidecar.Cells = append(sidecar.Cells, d.checks.Equal(of+"sidecar", string(r.status.Sidecar), "native"))
		policy.Cells = append(policy.Cells, d.checks.Equal(of+"restartPolicy", restartPolicy(r.pod), "Always"))
		sendsTo := storedEnvironment(r.pod)["OTEL_EXPORTER_OTLP_ENDPOINT"]
		endpoint.Cells = append(endpoint.Cells, d.checks.Equal(of+"OTEL_EXPORTER_OTLP_ENDPOINT", sendsTo, "http://127.0.0.1:4318"))
	}
	t.Rows = []screen.Row{sidecar, policy, endpoint}
	d.screen.Table(t)
}

// restartPolicy is the sidecar's restart policy.
func restartPolicy(pod *corev1.Pod) string {
	for _, c := range pod.Spec.InitContainers {
		if c.Name == injector.SidecarName && c.RestartPolicy != nil {
			return string(*c.RestartPolicy)
		}
	}
	return ""
}
