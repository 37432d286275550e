package injector

import (
	"encoding/json"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/telepod/telepod/profiles"
)

// BenchmarkPlan measures the pure part of an admission: decode, decide, plan, render.
func BenchmarkPlan(b *testing.B) {
	set, err := profiles.Load(facts)
	if err != nil {
		b.Fatal(err)
	}
	in, err := New(set, defaults())
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []struct {
		name                  string
		containers, variables int
	}{{"small", 1, 0}, {"typical", 3, 15}, {"large", 10, 40}} {
		for _, sidecar := range []string{"false", "true"} {
			b.Run(size.name+"/sidecar="+sidecar, func(b *testing.B) {
				pod := &corev1.Pod{}
				pod.GenerateName = "web-6d4b75cb6d-"
				pod.Annotations = map[string]string{InjectKey: "true", SidecarAnnotation: sidecar}
				for i := range size.containers {
					c := corev1.Container{Name: fmt.Sprint("c", i), Image: "registry.example/web:1.4.2"}
					for j := range size.variables {
						c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprint("SOME_VARIABLE_", j), Value: "the value of a variable"})
					}
					pod.Spec.Containers = append(pod.Spec.Containers, c)
				}
				raw, err := json.Marshal(pod)
				if err != nil {
					b.Fatal(err)
				}
				var patch []byte
				b.ReportAllocs()
				for b.Loop() {
					pod, err := ParsePod(raw)
					if err != nil {
						b.Fatal(err)
					}
					patch = in.Plan(Request{Pod: pod, Namespace: Namespace{Name: "shop"}}).AppendPatch(patch[:0], "")
				}
				b.ReportMetric(float64(len(patch)), "patch-bytes")
			})
		}
	}
}
