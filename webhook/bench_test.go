package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// benchPod returns a pod as an API server sends it: with defaults, managed fields and the service account's volume.
func benchPod(containers, variables int, annotations string) string {
	var list []string
	for c := range containers {
		var env []string
		for v := range variables {
			if v%5 == 4 {
				env = append(env, fmt.Sprintf(`{"name":"SECRET_%02d","valueFrom":{"secretKeyRef":{"name":"shop-secrets","key":"key-%02d"}}}`, v, v))
				continue
			}
			env = append(env, fmt.Sprintf(`{"name":"SETTING_%02d","value":"value-%02d"}`, v, v))
		}
		list = append(list, fmt.Sprintf(`{"name":"app-%d","image":"registry.example.com/team/app-%d:1.27.3",`+
			`"ports":[{"containerPort":%d,"protocol":"TCP"}],"env":[%s],`+
			`"resources":{"limits":{"memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},`+
			`"volumeMounts":[{"name":"kube-api-access-x7k2p","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],`+
			`"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},`+
			`"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent",`+
			`"securityContext":{"capabilities":{"drop":["ALL"]},"runAsNonRoot":true,"allowPrivilegeEscalation":false}}`, c, c, 8080+c, strings.Join(env, ",")))
	}
	return `{"kind":"Pod","apiVersion":"v1","metadata":{"generateName":"checkout-5d8f7c9b6d-","namespace":"shop","creationTimestamp":null,` +
		`"labels":{"app.kubernetes.io/name":"checkout","app.kubernetes.io/version":"1.27.3","pod-template-hash":"5d8f7c9b6d"},` +
		`"annotations":{` + annotations + `},` +
		`"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"checkout-5d8f7c9b6d","uid":"6e0f4e4c-1c1e-4d42-93f9-7d1f3a8ad7a5","controller":true,"blockOwnerDeletion":true}],` +
		`"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-22T10:00:00Z","fieldsType":"FieldsV1",` +
		`"fieldsV1":{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"6e0f4e4c-1c1e-4d42-93f9-7d1f3a8ad7a5\"}":{}}},` +
		`"f:spec":{"f:containers":{"k:{\"name\":\"app-0\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}]},` +
		`"spec":{"volumes":[{"name":"kube-api-access-x7k2p","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],` +
		`"containers":[` + strings.Join(list, ",") + `],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"checkout","serviceAccount":"checkout",` +
		`"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},"status":{}}`
}

// BenchmarkHandler compares one admission with controller-runtime's webhook and a handler that allows every request
// without reading it ("null"). The two alternate, so a busy machine slows both; ns/op is the median, and x-null the
// ratio of the medians.
func BenchmarkHandler(b *testing.B) {
	h := newHarness(b, nil)
	h.observer.log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	null := &ctrl.Webhook{Handler: ctrl.HandlerFunc(func(context.Context, ctrl.Request) ctrl.Response {
		return ctrl.Allowed("")
	})}
	for _, size := range []struct {
		name                  string
		containers, variables int
	}{{"small", 1, 3}, {"typical", 3, 15}, {"large", 10, 40}} {
		for _, what := range []struct {
			name, annotations string
			handler           http.Handler
		}{
			{"null", `"telepod.dev/inject":"true"`, null},
			{"env", `"telepod.dev/inject":"true"`, h},
			{"env+sidecar", `"telepod.dev/inject":"true","telepod.dev/sidecar":"true"`, h},
		} {
			body := reviewOf("shop", benchPod(size.containers, size.variables, what.annotations))
			b.Run(what.name+"/"+size.name, func(b *testing.B) {
				var reference, measured []time.Duration
				for b.Loop() {
					reference = append(reference, serve(b, null, body))
					measured = append(measured, serve(b, what.handler, body))
				}
				b.ReportMetric(median(measured), "ns/op")
				b.ReportMetric(median(measured)/median(reference), "x-null")
			})
		}
	}
}

func serve(b *testing.B, handler http.Handler, body []byte) time.Duration {
	request := httptest.NewRequest(http.MethodPost, PathPod, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	began := time.Now()
	handler.ServeHTTP(recorder, request)
	took := time.Since(began)
	if recorder.Code != http.StatusOK {
		b.Fatal(recorder.Body)
	}
	return took
}

func median(took []time.Duration) float64 {
	slices.Sort(took)
	return float64(took[len(took)/2].Nanoseconds())
}
