package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/collector"
)

// Of manifests/jobs.yaml and manifests/collector.yaml.
const (
	jobName            = "report"
	spansSent          = 40
	collectorNamespace = "demo"
)

// startCollectors starts what stands in for the regional layer. Nobody waits for it: pods come up
// while Telepod is installed.
func (d *demo) startCollectors(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: collectorNamespace}}
	if _, err := d.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "collector"}, Data: map[string]string{"sink.yaml": collector.SinkConfig()}}
	if _, err := d.client.CoreV1().ConfigMaps(collectorNamespace).Create(ctx, config, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := d.apply(ctx, "collector.yaml")
	return err
}

func (d *demo) collectorsReady(ctx context.Context) error {
	return until(ctx, func(ctx context.Context) error {
		set, err := d.client.AppsV1().DaemonSets(collectorNamespace).Get(ctx, "collector", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if want := int32(len(clouds())); set.Status.NumberReady < want {
			return fmt.Errorf("%d of %d Collectors are ready", set.Status.NumberReady, want)
		}
		return nil
	})
}

// report is a Job as it ended, and what arrived of what it sent.
type report struct {
	cloud    cloud
	pod      *corev1.Pod
	status   injector.Status
	ended    string
	received []collector.Item
}

func (d *demo) jobs(ctx context.Context) (string, func(), error) {
	if d.options.nodes {
		if err := d.collectorsReady(ctx); err != nil {
			return "", nil, err
		}
	}
	d.screen.command("kubectl apply -f test/demo/manifests/jobs.yaml")
	if _, err := d.apply(ctx, "jobs.yaml"); err != nil {
		return "", nil, err
	}
	var reports []report
	for _, c := range clouds() {
		r, err := d.jobEnd(ctx, c)
		if err != nil {
			return "", nil, err
		}
		reports = append(reports, r)
	}
	if !d.options.nodes {
		return "each pod was stored with a native sidecar, which lets a Job finish", func() { d.showSidecars(reports) }, nil
	}
	if err := d.receive(ctx, reports); err != nil {
		return "", nil, err
	}
	said := fmt.Sprintf("all three completed; the Collectors received %d spans", len(reports)*spansSent)
	return said, func() { d.showReports(reports) }, nil
}

// jobEnd waits for the end of a Job, or for its pod where pods do not run.
func (d *demo) jobEnd(ctx context.Context, c cloud) (r report, err error) {
	r.cloud = c
	err = until(ctx, func(ctx context.Context) error {
		list, err := d.client.CoreV1().Pods(c.app).List(ctx, metav1.ListOptions{LabelSelector: batchv1.JobNameLabel + "=" + jobName})
		if err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return fmt.Errorf("job %s/%s has no pod", c.app, jobName)
		}
		r.pod = &list.Items[0]
		if r.status, err = status(r.pod); err != nil {
			return err
		}
		if !d.options.nodes {
			return nil
		}
		job, err := d.client.BatchV1().Jobs(c.app).Get(ctx, jobName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range job.Status.Conditions {
			if condition.Status == corev1.ConditionTrue && (condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed) {
				r.ended = string(condition.Type)
				return nil
			}
		}
		return fmt.Errorf("job %s/%s has not ended: %s", c.app, jobName, condition(r.pod))
	})
	return r, err
}

// receive waits until the Collectors have written all spans of all Jobs to their logs.
func (d *demo) receive(ctx context.Context, reports []report) error {
	return until(ctx, func(ctx context.Context) error {
		items, err := d.received(ctx)
		if err != nil {
			return err
		}
		var missing []error
		for i := range reports {
			r := &reports[i]
			r.received = slices.DeleteFunc(slices.Clone(items), func(item collector.Item) bool {
				return item.Signal != collector.Span || item.Resource["k8s.pod.uid"] != string(r.pod.UID)
			})
			if r.ended == string(batchv1.JobComplete) && len(r.received) < spansSent {
				missing = append(missing, fmt.Errorf("%d of %d spans from %s arrived", len(r.received), spansSent, r.cloud.app))
			}
		}
		return errors.Join(missing...)
	})
}

func (d *demo) received(ctx context.Context) ([]collector.Item, error) {
	pods, err := d.client.CoreV1().Pods(collectorNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app=collector"})
	if err != nil {
		return nil, err
	}
	var items []collector.Item
	for i := range pods.Items {
		log, err := d.log(ctx, &pods.Items[i], "collector")
		if err != nil {
			return nil, err
		}
		more, err := collector.ReadItems(bytes.NewReader(log))
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

func (d *demo) showReports(reports []report) {
	t := table{head: columns()}
	add := func(name string, got func(report) string, want func(cloud) string) {
		r := row{name: name}
		for _, report := range reports {
			r.cells = append(r.cells, d.checks.equal(report.cloud.app+"/"+jobName+": "+name, got(report), want(report.cloud)))
		}
		t.rows = append(t.rows, r)
	}
	always := func(text string) func(cloud) string { return func(cloud) string { return text } }
	add("Job report", func(r report) string { return r.ended }, always("Complete"))
	add("its Collector", func(r report) string { return collectorState(r.pod) }, always("completed"))
	add("spans that arrived", func(r report) string { return strconv.Itoa(len(r.received)) }, always(strconv.Itoa(spansSent)))
	t.title("")
	t.title("what each of these spans says, as the Collector received it")
	attribute := func(key string, want func(cloud) string) {
		add(key, func(r report) string { return common(r.received, key) }, want)
	}
	attribute("cloud.provider", func(c cloud) string { return c.name })
	attribute("cloud.platform", func(c cloud) string { return c.platform })
	attribute("cloud.region", func(c cloud) string { return c.region })
	attribute("cloud.availability_zone", func(c cloud) string { return c.zone })
	attribute("cloud.account.id", func(c cloud) string { return c.account })
	attribute("k8s.cluster.name", func(c cloud) string { return c.cluster })
	attribute("k8s.namespace.name", func(c cloud) string { return c.app })
	attribute("k8s.job.name", always(jobName))
	attribute("k8s.node.name", func(c cloud) string { return c.node })
	attribute("service.name", always(jobName))
	d.screen.table(t)
}

// common is the value of an attribute that all items have, or a list of the different ones.
func common(items []collector.Item, key string) string {
	values := map[string]bool{}
	for _, item := range items {
		values[item.Resource[key]] = true
	}
	if len(values) > 1 {
		return fmt.Sprintf("%d different", len(values))
	}
	for value := range values {
		return value
	}
	return ""
}

// showSidecars shows the sidecars of Jobs that do not run.
func (d *demo) showSidecars(reports []report) {
	t := table{head: columns()}
	sidecar, policy, endpoint := row{name: "sidecar"}, row{name: "its restartPolicy"}, row{name: "the Job sends to"}
	for _, r := range reports {
		of := r.cloud.app + "/" + jobName + ": "
		sidecar.cells = append(sidecar.cells, d.checks.equal(of+"sidecar", r.status.Sidecar, "native"))
		policy.cells = append(policy.cells, d.checks.equal(of+"restartPolicy", restartPolicy(r.pod), "Always"))
		sendsTo := storedEnvironment(r.pod)["OTEL_EXPORTER_OTLP_ENDPOINT"]
		endpoint.cells = append(endpoint.cells, d.checks.equal(of+"OTEL_EXPORTER_OTLP_ENDPOINT", sendsTo, "http://127.0.0.1:4317"))
	}
	t.rows = []row{sidecar, policy, endpoint}
	d.screen.table(t)
}

// restartPolicy is the sidecar's.
func restartPolicy(pod *corev1.Pod) string {
	for _, c := range pod.Spec.InitContainers {
		if c.Name == injector.SidecarName && c.RestartPolicy != nil {
			return string(*c.RestartPolicy)
		}
	}
	return ""
}
