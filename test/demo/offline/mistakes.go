package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/await"
)

func (d *demo) optOut(ctx context.Context) (string, func(), error) {
	d.screen.Command("kubectl apply -f test/demo/offline/manifests/opted-out.yaml")
	if _, err := d.apply(ctx, "opted-out.yaml"); err != nil {
		return "", nil, err
	}
	pod, err := d.client.CoreV1().Pods("orders").Get(ctx, "legacy", metav1.GetOptions{})
	if err != nil {
		return "", nil, err
	}
	reason, err := d.reason(ctx, pod)
	if err != nil {
		return "", nil, err
	}
	names := injected(storedEnvironment(pod))
	d.checks.That(len(names) == 0, "orders/legacy opted out, but has the variables %q", names)
	d.checks.That(pod.Annotations[injector.StatusAnnotation] == "", "orders/legacy opted out, but has the annotation %s", injector.StatusAnnotation)
	d.checks.Equal("orders/legacy: reason", string(reason), string(injector.PodDisabled))
	summary := fmt.Sprintf("orders/legacy has %d of Telepod's variables. %s: %s. The API server did not even call Telepod.",
		len(names), reason, reason.Text())
	return summary, nil, nil
}

// reason asks the injector for its decision, as `telepod explain` does.
func (d *demo) reason(ctx context.Context, pod *corev1.Pod) (injector.Reason, error) {
	namespace, err := d.client.CoreV1().Namespaces().Get(ctx, pod.Namespace, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(pod)
	if err != nil {
		return "", err
	}
	parsed, err := injector.ParsePod(text)
	if err != nil {
		return "", err
	}
	decision, _ := injector.Decide(parsed, injector.Namespace{Name: namespace.Name, Labels: namespace.Labels}, injector.Policy{})
	return decision.Reason, nil
}

func (d *demo) mistakes(ctx context.Context) (string, func(), error) {
	d.screen.Command("kubectl apply -f test/demo/offline/manifests/mistake.yaml")
	warnings, err := d.apply(ctx, "mistake.yaml")
	if err != nil {
		return "", nil, err
	}
	for _, warning := range warnings {
		d.screen.Quote("Warning: " + warning)
	}
	summary := strings.Join(warnings, "\n")
	d.checks.That(strings.Contains(summary, string(injector.UnknownAnnotation)+": ") && strings.Contains(summary, `did you mean "telepod.dev/sidecar"?`),
		"kubectl apply of a pod with telepod.dev/sidcar warns %q", summary)
	d.checks.That(strings.Contains(summary, `telepod.dev/protocol: "gprc" is not`), "kubectl apply of a Deployment with protocol gprc warns %q", summary)

	event, err := d.event(ctx, "stock", injector.InvalidValue)
	if err != nil {
		return "", nil, err
	}
	d.screen.Command("kubectl -n stock get events")
	d.screen.Quote(fmt.Sprintf("%s %s %s/%s: %s", event.Type, event.Reason, strings.ToLower(event.InvolvedObject.Kind), event.InvolvedObject.Name, event.Message))
	// An event names the annotation, but does not repeat a pod author's text.
	d.checks.That(strings.Contains(event.Message, "telepod.dev/protocol") && !strings.Contains(event.Message, "gprc"),
		"the event about protocol gprc contains %q", event.Message)

	pod, err := d.pod(ctx, "stock", "typo")
	if err != nil {
		return "", nil, err
	}
	protocol := storedEnvironment(pod)["OTEL_EXPORTER_OTLP_PROTOCOL"]
	d.checks.Equal("stock/typo: OTEL_EXPORTER_OTLP_PROTOCOL", protocol, "http/protobuf")
	return "both pods were injected nevertheless; invalid settings fell back to the profile", nil, nil
}

// event waits for an event with this reason, which the webhook creates for the pod's owner.
func (d *demo) event(ctx context.Context, namespace string, reason injector.Reason) (event corev1.Event, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		list, err := d.client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=" + string(reason)})
		if err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return errors.New("no event " + string(reason) + " in namespace " + namespace)
		}
		event = list.Items[0]
		return nil
	})
	return event, err
}
