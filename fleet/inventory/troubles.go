package inventory

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/telepod/telepod/fleet"
)

var eventResource = schema.GroupVersionResource{Version: "v1", Resource: "events"}

// ExplainTroubles adds the causes of instances that are not ready: events, such as a failed volume mount, and the
// last log lines of a crash-looping process.
func (c *Cluster) ExplainTroubles(ctx context.Context, release Release, instances []fleet.Instance) error {
	ready := true
	for i := range instances { // another goroutine may write their metrics at the same time
		ready = ready && instances[i].Ready
	}
	if ready {
		return nil
	}
	said := map[string]corev1.Event{}
	options := metav1.ListOptions{FieldSelector: fields.AndSelectors(fields.OneTermEqualSelector("type", corev1.EventTypeWarning),
		fields.OneTermEqualSelector("involvedObject.kind", "Pod")).String()}
	err := c.each(ctx, eventResource, release.Namespace, options, func(object *unstructured.Unstructured) error {
		var event corev1.Event
		if err := fromUnstructured(object.Object, &event); err != nil {
			return fmt.Errorf("read event %s/%s: %w", object.GetNamespace(), object.GetName(), err)
		}
		// The pod's status also has the scheduler's message, and drops it once it no longer applies.
		if last := said[event.InvolvedObject.Name]; event.Reason != "Unhealthy" && event.Reason != "FailedScheduling" && !event.LastTimestamp.Before(&last.LastTimestamp) {
			said[event.InvolvedObject.Name] = event
		}
		return nil
	})
	atOnce(instances, func(of *fleet.Instance, turn turns) {
		if of.Ready {
			return
		}
		if event, found := said[of.Pod]; found && !event.LastTimestamp.Time.Before(of.Created) { // skip events of an earlier pod with this name
			of.Trouble += ": " + event.Message
		}
		if strings.Contains(of.Trouble, "CrashLoopBackOff") {
			turn.take(func() {
				if line := lastError(c.log(ctx, of, true)); line != "" {
					of.Trouble = "pod " + of.Pod + ": CrashLoopBackOff: " + line
				}
			})
		}
	})
	return err
}

// lastError returns the last line of a log that reports an error.
func lastError(log string) string {
	last := ""
	for line := range strings.Lines(log) {
		if lower := strings.ToLower(line); strings.Contains(lower, "error") || strings.Contains(lower, "fatal") || strings.Contains(lower, "panic") {
			last = line
		}
	}
	return strings.TrimSpace(last)
}

// Limits for reading a log.
const (
	logLines = 400
	logBytes = 256 << 10
)

// ReadLogs reads the ends of the instances' logs. An unreadable log stays empty, because logs only explain problems.
func (c *Cluster) ReadLogs(ctx context.Context, instances []fleet.Instance) {
	atOnce(instances, func(of *fleet.Instance, turn turns) { turn.take(func() { of.Log = c.log(ctx, of, false) }) })
}

func (c *Cluster) log(ctx context.Context, of *fleet.Instance, previous bool) string {
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	body, err := c.rest.Get().AbsPath("api", "v1", "namespaces", of.Namespace, "pods", of.Pod, "log").
		Param("tailLines", strconv.Itoa(logLines)).Param("limitBytes", strconv.Itoa(logBytes)).
		Param("previous", strconv.FormatBool(previous)).MaxRetries(0).Stream(ctx)
	if err != nil {
		return ""
	}
	defer body.Close()
	text, _ := io.ReadAll(io.LimitReader(body, logBytes))
	return string(text)
}
