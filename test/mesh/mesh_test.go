package mesh

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/document"
)

// other is another project's injector.
type other struct {
	program build.Spec
	// request contains the annotations of a pod that requests this injector.
	request map[string]string
	// proxy is the container that it adds, mark an annotation or label that it sets, and variable a variable that it adds to
	// the pod's own containers, if any.
	proxy, mark, variable string
}

var istio = other{
	program: build.Spec{Name: "istio-injector", Module: "test/mesh/istio", Takes: "about 4 minutes"},
	proxy:   "istio-proxy", mark: "sidecar.istio.io/status",
}

var dapr = other{
	program: build.Spec{Name: "dapr-injector", Module: "test/mesh/dapr", Takes: "about 2 minutes"},
	request: map[string]string{"dapr.io/enabled": "true", "dapr.io/app-id": "web"},
	proxy:   "daprd", mark: "dapr.io/sidecar-injected", variable: "DAPR_HTTP_PORT",
}

// pods are the pods that both injectors receive.
var pods = map[string]string{
	"plain":     `{"metadata":{"generateName":"web-"},"spec":{"containers":[{"name":"app","image":"web:1"}]}}`,
	"sidecar":   `{"metadata":{"generateName":"web-","annotations":{"telepod.dev/sidecar":"true"}},"spec":{"containers":[{"name":"app","image":"web:1","env":[{"name":"A","value":"$(B)"}]}]}}`,
	"init":      `{"metadata":{"name":"web","labels":{"app":"web"}},"spec":{"initContainers":[{"name":"migrate","image":"web:1"}],"containers":[{"name":"app","image":"web:1"},{"name":"worker","image":"web:1"}]}}`,
	"own names": `{"metadata":{"name":"web"},"spec":{"containers":[{"name":"app","image":"web:1","env":[{"name":"OTEL_SERVICE_NAME","value":"shop"},{"name":"CLOUD_REGION","value":"mine"}]}]}}`,
	"probes":    `{"metadata":{"name":"web"},"spec":{"containers":[{"name":"app","image":"web:1","ports":[{"containerPort":8080}],"readinessProbe":{"httpGet":{"path":"/","port":8080}},"lifecycle":{"preStop":{"exec":{"command":["true"]}}}}]}}`,
}

// injects returns a pod patched by a webhook.
type injects func(t *testing.T, pod []byte) []byte

func TestInjectionWithIstio(t *testing.T) {
	for _, native := range []string{"true", "false"} {
		t.Run("native="+native, func(t *testing.T) { testBoth(t, istio, "ENABLE_NATIVE_SIDECARS="+native) })
	}
}

func TestInjectionWithDapr(t *testing.T) { testBoth(t, dapr) }

// testBoth runs the other injector and Telepod in both orders, and again, as the API server's reinvocation does. Each must
// keep the other's changes.
func testBoth(t *testing.T, o other, environment ...string) {
	if testing.Short() {
		t.Skip("compiles another project's injector")
	}
	theirs, telepod := o.start(t, environment...), newTelepod(t)
	for name, text := range pods {
		before := typed(t, []byte(text))
		for key, value := range o.request {
			metav1.SetMetaDataAnnotation(&before.ObjectMeta, key, value)
		}
		for order, webhooks := range map[string][]injects{"Telepod second": {theirs, telepod}, "Telepod first": {telepod, theirs}} {
			t.Run(name+"/"+order, func(t *testing.T) {
				after := encoded(t, before)
				var rounds []*corev1.Pod
				for range 3 {
					for _, inject := range webhooks {
						after = inject(t, encoded(t, typed(t, after)))
					}
					rounds = append(rounds, typed(t, after))
				}
				// Istio reorders its containers in its second call.
				if diff := cmp.Diff(rounds[1], rounds[2]); diff != "" {
					t.Errorf("calling both again changes the pod (-before +after):\n%s", diff)
				}
				o.check(t, before, rounds[2])
			})
		}
	}
}

// check checks a pod after both injectors.
func (o other) check(t *testing.T, before, after *corev1.Pod) {
	t.Helper()
	all := slices.Concat(after.Spec.InitContainers, after.Spec.Containers)
	names := map[string]int{}
	for i := range all {
		names[all[i].Name]++
		if all[i].Name == o.proxy && variable(&all[i], "CLOUD_PROVIDER") != "" {
			t.Error("the proxy has Telepod's variables")
		}
		seen := map[string]bool{}
		for _, v := range all[i].Env {
			if seen[v.Name] {
				t.Errorf("container %s has %s twice", all[i].Name, v.Name)
			}
			seen[v.Name] = true
		}
	}
	for name, count := range names {
		if count != 1 {
			t.Errorf("%d containers are called %s", count, name)
		}
	}
	if names[o.proxy] != 1 || after.Annotations[injector.StatusAnnotation] == "" || after.Annotations[o.mark]+after.Labels[o.mark] == "" {
		t.Errorf("one of the two injectors did not inject: containers %v, annotations %v, labels %v", names, after.Annotations, after.Labels)
	}
	if (names[injector.SidecarName] == 1) != (before.Annotations[injector.SidecarAnnotation] == "true") {
		t.Errorf("containers %v, want Telepod's sidecar only if it was requested", names)
	}
	for _, c := range before.Spec.Containers {
		now := &all[slices.IndexFunc(all, func(d corev1.Container) bool { return d.Name == c.Name })]
		if o.variable != "" && variable(now, o.variable) == "" {
			t.Errorf("container %s lacks %s", c.Name, o.variable)
		}
	}
	for _, c := range slices.Concat(before.Spec.InitContainers, before.Spec.Containers) {
		now := &all[slices.IndexFunc(all, func(d corev1.Container) bool { return d.Name == c.Name })]
		if variable(now, "CLOUD_PROVIDER") != "aws" {
			t.Errorf("container %s lacks CLOUD_PROVIDER", c.Name)
		}
		for _, v := range c.Env {
			if variable(now, v.Name) != v.Value {
				t.Errorf("container %s has %s=%s, the user's is %s", c.Name, v.Name, variable(now, v.Name), v.Value)
			}
		}
	}
}

func variable(c *corev1.Container, name string) string {
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func typed(t *testing.T, raw []byte) *corev1.Pod {
	t.Helper()
	var pod corev1.Pod
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &pod); err != nil {
		t.Fatal(err)
	}
	return &pod
}

// encoded serializes a pod with the API's types, as the API server does, so every container has resources.
func encoded(t *testing.T, pod *corev1.Pod) []byte {
	t.Helper()
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newTelepod(t *testing.T) injects {
	t.Helper()
	set, err := profiles.Load(profiles.Facts{Identity: profiles.Identity{Region: "us-east-1", Cluster: "prod", Environment: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := injector.New(set, injector.Options{DefaultProfile: "aws", Cluster: injector.Cluster{NativeSidecars: true, TopologyLabels: true}})
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, raw []byte) []byte {
		t.Helper()
		pod, err := injector.ParsePod(raw)
		if err != nil {
			t.Fatal(err)
		}
		plan := in.Plan(injector.Request{Pod: pod, Namespace: injector.Namespace{Name: "shop", Labels: map[string]string{injector.InjectionLabel: "enabled"}}})
		return document.Patch(t, raw, plan.AppendPatch(nil, ""))
	}
}

// start runs the injector until the test ends.
func (o other) start(t *testing.T, environment ...string) injects {
	t.Helper()
	program, err := build.Binary(t.Context(), o.program)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env, cmd.Stderr = append(os.Environ(), environment...), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", o.program.Name, err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Logf("%s: %v", o.program.Name, err)
		}
	})
	answers := bufio.NewReader(out)
	return func(t *testing.T, pod []byte) []byte {
		t.Helper()
		fmt.Fprintf(in, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","namespace":"shop","operation":"CREATE","userInfo":{"groups":["system:masters"]},`+
			`"kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"object":%s}}`+"\n", pod)
		line, err := answers.ReadString('\n')
		for err == nil && !strings.HasPrefix(line, "{") { // skip its log
			line, err = answers.ReadString('\n')
		}
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		var review struct {
			Response struct {
				Allowed bool
				Patch   []byte
			}
		}
		if err := json.Unmarshal([]byte(line), &review); err != nil || !review.Response.Allowed {
			t.Fatalf("%s answered %q: %v", o.program.Name, line, err)
		}
		return document.Patch(t, pod, review.Response.Patch)
	}
}
