package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
)

const reasonsNamespace = "reasons"

// testReasons checks that the same reason code appears wherever an operator might look.
func testReasons(t *testing.T, s *stage) {
	s.namespace(t, reasonsNamespace, enabled(), nil)
	t.Run("warnings, audit log and metrics", s.testMistake)
	t.Run("policy", s.testPolicy)
	t.Run("event on the owner", s.testEvent)
	for reason, change := range map[injector.Reason]func(*corev1.PodSpec){
		injector.HostNetwork: func(spec *corev1.PodSpec) { spec.HostNetwork = true },
		injector.Windows:     func(spec *corev1.PodSpec) { spec.OS = &corev1.PodOS{Name: corev1.Windows} },
	} {
		t.Run("no sidecar for "+string(reason), func(t *testing.T) {
			p := pod(reasonsNamespace, nil, map[string]string{injector.SidecarAnnotation: "true"})
			change(&p.Spec)
			made, warnings := s.mustDryRun(t, p)
			st := status(t, made)
			if st == nil || st.Sidecar != injector.SidecarNone || !slices.Contains(st.Skipped[reason], "sidecar") || variable(made, "CLOUD_PROVIDER") != "aws" {
				t.Errorf("status %+v, variables %+v", st, made.Spec.Containers[0].Env)
			}
			if !contains(warnings, string(reason)+": sidecar was left out") {
				t.Errorf("warnings %q", warnings)
			}
		})
	}
}

// testMistake creates a pod with mistakes in its annotations.
func (s *stage) testMistake(t *testing.T) {
	series := fmt.Sprintf(`telepod_admission_warnings_total{reason="%s"}`, injector.UnknownAnnotation)
	before, err := s.metric(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	p := pod(reasonsNamespace, nil, map[string]string{injector.Domain + "endpont": "node", injector.ProtocolAnnotation: "http"})
	made, warnings := s.mustDryRun(t, p)
	if st := status(t, made); st == nil || st.Reason != injector.NamespaceEnabled || st.Protocol != "http/protobuf" {
		t.Errorf("status %+v: want the pod injected with the profile's protocol", st)
	}
	for _, want := range []string{
		string(injector.UnknownAnnotation) + ": ", `did you mean "telepod.dev/endpoint"`,
		string(injector.InvalidValue) + ": ", "telepod.dev/protocol",
	} {
		if !contains(warnings, want) {
			t.Errorf("%q is not in the warnings %q", want, warnings)
		}
	}
	eventually(t, func(ctx context.Context) error {
		after, err := s.metric(ctx, series)
		if err != nil || after <= before {
			return fmt.Errorf("%s went from %v to %v: %w", series, before, after, err)
		}
		return nil
	})
	eventually(t, func(context.Context) error {
		return s.audited(reasonsNamespace, "namespaces.telepod.dev/reason", string(injector.NamespaceEnabled))
	})
}

// testPolicy checks that applying a workload returns the warning immediately, before its pods are created.
func (s *stage) testPolicy(t *testing.T) {
	p := pod("", map[string]string{"app": "web"}, map[string]string{injector.Domain + "endpont": "node"})
	p.GenerateName = ""
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: reasonsNamespace},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: p.Labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: p.ObjectMeta, Spec: p.Spec},
		},
	}
	// API servers load a new policy a while after it was stored.
	eventually(t, func(ctx context.Context) error {
		client, received, err := s.clientWithWarnings()
		if err != nil {
			return err
		}
		_, err = client.AppsV1().Deployments(reasonsNamespace).Create(ctx, deployment, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil && !contains(received.texts, "unknown annotation telepod.dev/endpont") {
			err = fmt.Errorf("the policy's warning is not among %q", received.texts)
		}
		return err
	})
}

// testEvent rolls out a Deployment with a mistake. Only a controller sees the warnings for its pods, so the owner gets an
// event.
func (s *stage) testEvent(t *testing.T) {
	s.apply(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mistaken, namespace: `+reasonsNamespace+`}
spec:
  selector: {matchLabels: {app: mistaken}}
  template:
    metadata: {labels: {app: mistaken}, annotations: {telepod.dev/profile: awss}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: app, image: `+cluster.AppImage+`, imagePullPolicy: Never, args: [sleep, 1h]}]}`)
	eventually(t, func(ctx context.Context) error {
		events, err := s.client.CoreV1().Events(reasonsNamespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.kind=ReplicaSet"})
		if err != nil {
			return err
		}
		for _, e := range events.Items {
			if e.Reason == string(injector.UnknownProfile) && strings.HasPrefix(e.InvolvedObject.Name, "mistaken-") && !strings.Contains(e.Message, "awss") {
				return nil
			}
		}
		return fmt.Errorf("no event of %s among %d", injector.UnknownProfile, len(events.Items))
	})
}

// audited looks for an annotation in the API server's audit log.
func (s *stage) audited(namespace, key, value string) error {
	file, err := os.Open(s.audit)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no audit log yet: %w", err)
	} else if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	seen := map[string]bool{}
	for lines.Scan() {
		var event struct {
			Annotations map[string]string
			ObjectRef   struct{ Namespace string }
		}
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.ObjectRef.Namespace != namespace {
			continue // the last line may be incomplete
		}
		for k, v := range event.Annotations {
			seen[k] = true
			if k == key && strings.Contains(v, value) {
				return nil
			}
		}
	}
	return fmt.Errorf("no %s with %s in the audit log of %s, only %v", key, value, namespace, seen)
}

func contains(texts []string, part string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, part) })
}
