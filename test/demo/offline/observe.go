package offline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/await"
)

// zoneField is the source of the zone: Kubernetes 1.35 and later copy the node's label to the pod.
const zoneField = "metadata.labels['topology.kubernetes.io/zone']"

// stored formats the path of a field from which the kubelet would read the value.
func stored(path string) string {
	if path == zoneField {
		path = "the node's zone"
	}
	return "‹" + path + "›"
}

// patience is the limit for starting a pod on a slow machine.
const patience = 2 * time.Minute

// pod waits for the pod with this label app.
func (d *demo) pod(ctx context.Context, namespace, app string) (pod *corev1.Pod, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		list, err := d.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
		if err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return fmt.Errorf("no pod of %s in namespace %s yet", app, namespace)
		}
		pod = &list.Items[0]
		return nil
	})
	return pod, err
}

// storedEnvironment returns the first container's environment, as the API server stored it.
func storedEnvironment(pod *corev1.Pod) map[string]string {
	env := map[string]string{}
	for _, v := range pod.Spec.Containers[0].Env {
		env[v.Name] = v.Value
		if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
			env[v.Name] = stored(v.ValueFrom.FieldRef.FieldPath)
		}
	}
	return env
}

// expand replaces $(NAME), as the kubelet does.
func expand(text string, env map[string]string) string {
	var pairs []string
	for name, value := range env {
		pairs = append(pairs, "$("+name+")", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// injected returns the names of Telepod's variables in env.
func injected(env map[string]string) []string {
	var names []string
	for name := range env {
		for _, prefix := range []string{"CLOUD_", "K8S_", "OTEL_", "DEPLOYMENT_ENVIRONMENT", "TELEPOD_"} {
			if strings.HasPrefix(name, prefix) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// status returns the pod's annotation telepod.dev/status; the zero value without one.
func status(pod *corev1.Pod) (s injector.Status, err error) {
	text, found := pod.Annotations[injector.StatusAnnotation]
	if !found {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("read %s of %s/%s: %w", injector.StatusAnnotation, pod.Namespace, pod.Name, err)
	}
	return s, nil
}

// apply applies a file of manifests/, and returns the warnings that kubectl prints.
func (d *demo) apply(ctx context.Context, file string) (warnings []string, err error) {
	text, err := manifests.ReadFile("manifests/" + file)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, d.kubectlPath(), "--kubeconfig", d.cluster.Kubeconfig(), "apply", "-f", "-")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &stderr
	if err := cmd.Run(); err != nil {
		return nil, errors.Join(fmt.Errorf("kubectl apply -f test/demo/offline/manifests/%s: %w", file, err), errors.New(stderr.String()))
	}
	for line := range strings.Lines(stderr.String()) {
		if warning, found := strings.CutPrefix(strings.TrimSpace(line), "Warning: "); found {
			warnings = append(warnings, warning)
		}
	}
	return warnings, nil
}
