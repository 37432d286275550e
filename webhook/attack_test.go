package webhook

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
)

// TestAttack attacks a webhook behind a real API server, as any client that may create pods or reaches the port
// can. All ordinary admissions at the same time must be injected. Their latency and the memory of the process,
// including the clients, are printed. `make attack` runs only this test.
func TestAttack(t *testing.T) {
	client := newVictim(t)
	quiet := client.ordinary(t, 50)
	t.Logf("quiet: %s", quiet)

	for name, body := range attacks() {
		t.Run(name, func(t *testing.T) {
			var busy sync.WaitGroup
			stop, end := context.WithCancel(t.Context())
			var sent atomic.Int64
			for range 2 {
				busy.Go(func() {
					for stop.Err() == nil {
						client.attack(stop, t, body)
						sent.Add(1)
					}
				})
			}
			during := client.ordinary(t, 25)
			end()
			busy.Wait()
			t.Logf("%d attacks of %d kB: %s", sent.Load(), len(body)/1000, during)
		})
	}
	t.Run("connections", func(t *testing.T) {
		var held []net.Conn
		for range 2 * maxConnections {
			if conn, err := net.Dial("tcp", client.address); err == nil {
				held = append(held, conn)
			}
		}
		for range 50 {
			conn, err := tls.Dial("tcp", client.address, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				continue
			}
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{", PathPod, maxBody)
			held = append(held, conn)
		}
		t.Logf("%d open connections: %s", len(held), client.ordinary(t, 25))
		for _, conn := range held {
			conn.Close()
		}
	})
	if reasons := client.reasons(t); !slices.Contains(reasons, string(injector.TooManyContainers)) || !slices.Contains(reasons, string(injector.TooManyNames)) {
		t.Errorf("the attacks did not reach the webhook: reasons %v", reasons)
	}
}

// attacks returns hostile pods that an API server accepts.
func attacks() map[string]string {
	pod := func(annotations, containers string) string {
		return `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"attack-","annotations":{` + annotations + `}},"spec":{"containers":[` + containers + `]}}`
	}
	const app = `{"name":"app","image":"a:1"}`
	containers, variables, unknown, attributes := strings.Builder{}, strings.Builder{}, strings.Builder{}, strings.Builder{}
	for i := range 3_000 {
		fmt.Fprintf(&containers, `,{"name":"c%d"}`, i)
	}
	for i := range 8_000 {
		fmt.Fprintf(&variables, `,{"name":"OTEL_%d"}`, i)
	}
	for i := range 6_000 {
		fmt.Fprintf(&unknown, `,"telepod.dev/containerz%d":""`, i)
	}
	for i := range 4_000 {
		fmt.Fprintf(&attributes, `,"resource.opentelemetry.io/k%d":"%%%%%%%%"`, i)
	}
	return map[string]string{
		"3,000 containers":    pod("", app+containers.String()),
		"names":               pod(`"telepod.dev/containers":"`+strings.Repeat("a,", 125_000)+`"`, app),
		"patterns":            pod(`"telepod.dev/exclude-variables":"`+strings.Repeat("*a*b*c[d-z]*,", 255)+`"`, app),
		"unknown annotations": pod(unknown.String()[1:], app),
		"attributes":          pod(attributes.String()[1:], app+`,{"name":"b","image":"b:1"}`),
		"8,000 variables":     pod("", `{"name":"app","image":"a:1","env":[`+variables.String()[1:]+`]}`),
		"open references":     pod("", `{"name":"app","image":"a:1","env":[{"name":"OTEL_RESOURCE_ATTRIBUTES","value":"a=`+strings.Repeat("$(", 400_000)+`"}]}`),
	}
}

// victim is a webhook behind an API server, with a client.
type victim struct {
	*running
	api     *kubernetes.Clientset
	address string
}

const attacked = "attacked"

func newVictim(t *testing.T) *victim {
	t.Helper()
	c := cluster.ForTest(t, cluster.Options{})
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{api: api}
	v.prepare(t)
	v.running = start(t, func(o *Options) {
		o.Kubernetes, o.Metadata, o.WatchConfigMaps = api, objects, true
	})
	v.waitReady(t)
	v.address = v.listeners[0].Addr().String()
	v.register(t)
	return v
}

func (v *victim) prepare(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: attacked, Labels: map[string]string{injector.InjectionLabel: labelEnabled}}}
	if _, err := v.api.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	if _, err := v.api.CoreV1().ServiceAccounts(attacked).Create(ctx, account, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings"}, Data: map[string]string{"CLOUD_REGION": "mine"}}
	if _, err := v.api.CoreV1().ConfigMaps(attacked).Create(ctx, settings, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (v *victim) register(t *testing.T) {
	t.Helper()
	url, none, ignore, timeout := "https://"+strings.Replace(v.address, "127.0.0.1", "localhost", 1)+PathNamespace, admissionv1.SideEffectClassNoneOnDryRun, admissionv1.Ignore, int32(10)
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: v.certificate.certificate.Certificate[0]})
	hook := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "telepod"}, Webhooks: []admissionv1.MutatingWebhook{{
		Name: "namespaces.telepod.dev", ClientConfig: admissionv1.WebhookClientConfig{URL: &url, CABundle: bundle},
		AdmissionReviewVersions: []string{"v1"}, SideEffects: &none, FailurePolicy: &ignore, TimeoutSeconds: &timeout,
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{injector.InjectionLabel: labelEnabled}},
		Rules: []admissionv1.RuleWithOperations{{Operations: []admissionv1.OperationType{admissionv1.Create},
			Rule: admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}}},
	}}}
	if _, err := v.api.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(t.Context(), hook, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the API server to call the webhook", func() bool {
		pod, err := v.create(t.Context())
		return err == nil && pod.Annotations[injector.StatusAnnotation] != ""
	})
}

// create admits an ordinary pod with a ConfigMap that sets CLOUD_REGION.
func (v *victim) create(ctx context.Context) (*corev1.Pod, error) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "web-"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "web:1",
		EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}}}}}
	return v.api.CoreV1().Pods(attacked).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
}

// latency is the duration of ordinary admissions, and the peak memory use.
type latency struct {
	p50, p99 time.Duration
	heap     uint64
}

func (l latency) String() string {
	return fmt.Sprintf("ordinary admissions p50 %v, p99 %v, heap at most %d MB", l.p50.Round(100*time.Microsecond), l.p99.Round(100*time.Microsecond), l.heap>>20)
}

// ordinary admits pods one after the other; each must be injected.
func (v *victim) ordinary(t *testing.T, count int) latency {
	t.Helper()
	var took []time.Duration
	var most uint64
	for range count {
		began := time.Now()
		pod, err := v.create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
		env := pod.Spec.Containers[0].Env
		has := func(name string) bool {
			return slices.ContainsFunc(env, func(e corev1.EnvVar) bool { return e.Name == name })
		}
		if !has("OTEL_EXPORTER_OTLP_ENDPOINT") || has("CLOUD_REGION") {
			t.Errorf("an ordinary pod has the variables %v, want an endpoint and no CLOUD_REGION", env)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
	}
	slices.Sort(took)
	return latency{took[len(took)/2], took[len(took)*99/100], most}
}

// attack sends a pod as a dry run. The API server may refuse it as invalid.
func (v *victim) attack(ctx context.Context, t *testing.T, body string) {
	raw, err := v.api.CoreV1().RESTClient().Post().Namespace(attacked).Resource("pods").Param("dryRun", "All").
		SetHeader("Content-Type", "application/json").Body([]byte(body)).Do(ctx).Raw()
	var status metav1.Status
	if err != nil && ctx.Err() == nil && !apierrors.IsInvalid(err) && !errors.Is(err, context.Canceled) {
		t.Errorf("%v: %.300s", err, raw)
	}
	if json.Unmarshal(raw, &status) == nil && strings.Contains(status.Message, "webhook") {
		t.Errorf("the webhook failed: %s", status.Message)
	}
}

// reasons returns the reasons of the admissions that were not injected.
func (v *victim) reasons(t *testing.T) []string {
	t.Helper()
	_, text := v.get(t, metrics, "/metrics")
	var list []string
	for line := range strings.Lines(text) {
		if _, rest, ok := strings.Cut(line, `telepod_admissions_total{decision="not-injected",reason="`); ok {
			reason, _, _ := strings.Cut(rest, `"`)
			list = append(list, reason)
		}
	}
	return list
}
