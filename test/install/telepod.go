package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/helm"
)

const (
	// Namespace is where Telepod is installed.
	Namespace = "telepod"
	// Release is the name of the Helm release.
	Release = "telepod"
	// Name is the name of the webhook's Deployment, Service and webhook configuration.
	Name = "telepod-injector"
)

// Options describe how to install Telepod.
type Options struct {
	// Files are values files of the chart; Values override them.
	Files []string
	// Values of the chart, as YAML. Empty means a cluster in AWS, us-east-1.
	Values string
	// Manifests are applied first, such as Secrets that the chart expects in [Namespace].
	Manifests string
	// PodSecurity is the level that [Namespace] enforces; empty means "restricted".
	PodSecurity string
}

const defaultValues = `
cloud: {provider: aws, region: us-east-1, account: "123456789012"}
cluster: {name: prod-use1}
environment: production
`

// installLimit bounds an installation if the context does not. It usually needs about ten seconds.
const installLimit = 3 * time.Minute

// Telepod installs the chart, or upgrades the release, and waits until the webhook has injected a pod. When it
// returns, every pod that opts in is injected.
func Telepod(ctx context.Context, c *cluster.Cluster, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	if err := c.Apply(ctx, o.prerequisites()); err != nil {
		return fmt.Errorf("install telepod: %w", err)
	}
	args := []string{"upgrade", "--install", Release, "--wait", "--timeout", installLimit.String(), "--kubeconfig", c.Kubeconfig()}
	if _, err := runChart(ctx, o, args); err != nil {
		return errors.Join(fmt.Errorf("install telepod: %w", err), state(c))
	}
	if err := Injecting(ctx, c); err != nil {
		return errors.Join(err, state(c))
	}
	return nil
}

// Uninstall removes the release.
func Uninstall(ctx context.Context, c *cluster.Cluster) error {
	cli, err := helm.V4(ctx)
	if err != nil {
		return err
	}
	_, err = cli.Run(ctx, "uninstall", Release, "--namespace", Namespace, "--wait", "--kubeconfig", c.Kubeconfig())
	return err
}

// prerequisites returns the manifests to apply before the chart.
func (o Options) prerequisites() string {
	return `
apiVersion: v1
kind: Namespace
metadata:
  name: ` + Namespace + `
  labels: {pod-security.kubernetes.io/enforce: ` + cmp.Or(o.PodSecurity, "restricted") + `}
---
` + o.Manifests
}

// runChart runs a Helm command on the project's chart with the values of o.
func runChart(ctx context.Context, o Options, args []string) (string, error) {
	cli, err := helm.V4(ctx)
	if err != nil {
		return "", err
	}
	chart, err := helm.Chart()
	if err != nil {
		return "", err
	}
	values, err := os.CreateTemp("", "telepod-values-*.yaml")
	if err != nil {
		return "", err
	}
	defer os.Remove(values.Name())
	_, err = values.WriteString(cmp.Or(o.Values, defaultValues))
	if err := errors.Join(err, values.Close()); err != nil {
		return "", err
	}
	args = append(args, chart, "--namespace", Namespace)
	for _, file := range append(o.Files, values.Name()) {
		args = append(args, "--values", file)
	}
	return cli.Run(ctx, args...)
}

// Injecting waits until a pod that opts in is injected: after the webhook has started, the API server must receive
// the caBundle, and every node the endpoints. It stores nothing.
func Injecting(ctx context.Context, c *cluster.Cluster) error {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return fmt.Errorf("wait for injection: %w", err)
	}
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("wait for injection: %w", err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "telepod-probe-", Annotations: map[string]string{injector.InjectKey: "true"}},
		Spec: corev1.PodSpec{
			// Otherwise the API server requires the namespace's service account, which may not exist yet.
			AutomountServiceAccountToken: new(bool),
			Containers:                   []corev1.Container{{Name: "app", Image: cluster.AppImage}},
		},
	}
	last := errors.New("no pod was created")
	for {
		made, err := client.CoreV1().Pods(metav1.NamespaceDefault).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case err == nil && made.Annotations[injector.StatusAnnotation] != "":
			return nil
		case err == nil:
			last = errors.New("pods are admitted without injection")
		case ctx.Err() == nil:
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for injection: %w: %w", context.Cause(ctx), last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// state describes an installation that does not become ready, as an error.
func state(c *cluster.Cluster) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var text string
	for _, args := range [][]string{
		{"get", "pods,events", "--output=wide"},
		{"logs", "--selector=app.kubernetes.io/component=injector", "--tail=20", "--prefix", "--ignore-errors"},
	} {
		out, err := c.Kubectl(ctx, append(args, "--namespace="+Namespace)...)
		if err != nil {
			out = err.Error()
		}
		text += out + "\n"
	}
	return errors.New("state of the installation:\n" + text)
}

// Volume returns the manifest of a volume in a directory of this machine, for a claim in [Namespace].
func Volume(claim, directory string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: %[1]s}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  claimRef: {namespace: %[2]s, name: %[1]s}
  hostPath: {path: %[3]q}
---
`, claim, Namespace, directory)
}
