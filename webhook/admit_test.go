package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/telepod/telepod/injector"
)

// TestOutcomes checks that response, log and metrics have the same decision and reason.
func TestOutcomes(t *testing.T) {
	strict := func(o *injector.Options) { o.Strict = true }
	byDefault := func(o *injector.Options) { o.InjectByDefault = true }
	plain := `{"metadata":{"name":"web"},"spec":{"containers":[{"name":"app","image":"shop:1"}]}}`
	mistaken := strings.Replace(wanted, `"telepod.dev/inject":"true"`, `"telepod.dev/inject":"true","telepod.dev/protocol":"grcp"`, 1)
	for _, c := range []struct {
		name, namespace, pod string
		options              func(*injector.Options)
		selection            Selection
		verdict              Verdict
		reason               injector.Reason
		warnings             []string
	}{
		{name: "pod opts in", namespace: "shop", pod: wanted, verdict: Injected, reason: injector.PodEnabled},
		{name: "not requested", namespace: "shop", pod: plain, verdict: NotInjected, reason: injector.DefaultDisabled},
		{name: "namespace opts in", namespace: "opted-in", pod: plain, verdict: Injected, reason: injector.NamespaceEnabled},
		{name: "API server has matched the namespace", namespace: "shop", pod: plain, selection: NamespaceSelected, verdict: Injected, reason: injector.NamespaceEnabled},
		{name: "on by default, API server has matched the namespace", namespace: "shop", pod: plain, options: byDefault, selection: NamespaceSelected, verdict: Injected, reason: injector.DefaultEnabled},
		{name: "pod opts out, namespace matched", namespace: "shop", pod: strings.Replace(wanted, `"true"`, `"false"`, 1),
			selection: NamespaceSelected, verdict: NotInjected, reason: injector.PodDisabled},
		{name: "protected, namespace matched", namespace: "kube-system", pod: wanted, selection: NamespaceSelected, verdict: NotInjected, reason: injector.ProtectedNamespace},
		{name: "mistake", namespace: "shop", pod: mistaken, verdict: Injected, reason: injector.PodEnabled,
			warnings: []string{`invalid-value: pod annotation telepod.dev/protocol = "grcp"`}},
		{name: "mistake, strict", namespace: "shop", pod: mistaken, options: strict, verdict: Denied, reason: injector.InvalidSettings},
		{name: "sidecar left out", namespace: "shop", verdict: Injected, reason: injector.PodEnabled,
			pod: strings.NewReplacer(`"telepod.dev/inject":"true"`, `"telepod.dev/inject":"true","telepod.dev/sidecar":"true"`,
				`"spec":{`, `"spec":{"hostNetwork":true,`).Replace(wanted),
			warnings: []string{"host-network: sidecar was left out"}},
		{name: "no pod", namespace: "shop", pod: `null`, verdict: NotInjected, reason: injector.UnreadablePod, warnings: []string{"unreadable-pod"}},
		{name: "wrong type in the pod", namespace: "shop", pod: `{"spec":{"containers":"s3cret"}}`, verdict: NotInjected, reason: injector.UnreadablePod, warnings: []string{"unreadable-pod"}},
		{name: "no containers", namespace: "shop", pod: `{"metadata":{"annotations":{"telepod.dev/inject":"true"}}}`, verdict: NotInjected, reason: injector.NoContainers},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, c.options)
			h.selection = c.selection
			response := h.admit(t, c.namespace, c.pod)
			if response.Allowed != (c.verdict != Denied) {
				t.Errorf("allowed is %v for verdict %s", response.Allowed, c.verdict)
			}
			if (response.Patch != nil) != (c.verdict == Injected) || (response.PatchType != nil) != (c.verdict == Injected) {
				t.Errorf("patch %s of type %v for verdict %s", response.Patch, response.PatchType, c.verdict)
			}
			if got := response.AuditAnnotations; got["decision"] != string(c.verdict) || got["reason"] != string(c.reason) ||
				(got["profile"] == "aws") != (c.verdict != NotInjected) {
				t.Errorf("audit annotations %v, want %s and %s", got, c.verdict, c.reason)
			}
			wantLine := fmt.Sprintf(`"decision":%q,"reason":%q`, c.verdict, c.reason)
			if log := h.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, wantLine) || strings.Contains(log, "s3cret") {
				t.Errorf("log %s, want one line with %s", log, wantLine)
			}
			want := fmt.Sprintf(`telepod_admissions_total{decision=%q,reason=%q} 1`, c.verdict, c.reason)
			if got := h.scrape("telepod_admissions_total{"); len(got) != 1 || got[0] != want {
				t.Errorf("metrics %q, want %q", got, want)
			}
			if len(response.Warnings) != len(c.warnings) {
				t.Fatalf("warnings %q, want %q", response.Warnings, c.warnings)
			}
			for i, warning := range c.warnings {
				if !strings.HasPrefix(response.Warnings[i], warning) {
					t.Errorf("warning %q, want %q…", response.Warnings[i], warning)
				}
			}
		})
	}
}

func TestPatchApplies(t *testing.T) {
	response := newHarness(t, nil).admit(t, "shop", wanted)
	patch, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		t.Fatal(err)
	}
	injected, err := patch.Apply([]byte(wanted))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"CLOUD_REGION"`, `"us-east-1"`, `"OTEL_EXPORTER_OTLP_ENDPOINT"`, `"telepod.dev/status"`} {
		if !strings.Contains(string(injected), want) {
			t.Errorf("the injected pod lacks %s: %s", want, injected)
		}
	}
}

func TestDenialNamesEveryProblem(t *testing.T) {
	h := newHarness(t, func(o *injector.Options) { o.Strict = true })
	response := h.admit(t, "shop", strings.Replace(wanted, `"telepod.dev/inject":"true"`,
		`"telepod.dev/inject":"true","telepod.dev/protocol":"grcp","telepod.dev/sidcar":"true"`, 1))
	if response.Result == nil || response.Result.Code != http.StatusUnprocessableEntity {
		t.Fatalf("result %+v", response.Result)
	}
	for _, want := range []string{"invalid-settings", "telepod.dev/protocol", `did you mean "grpc"?`, "telepod.dev/sidcar", "telepod.dev/sidecar"} {
		if !strings.Contains(response.Result.Message, want) {
			t.Errorf("the message lacks %q: %q", want, response.Result.Message)
		}
	}
}

func TestOnlyPodCreationsAreInjected(t *testing.T) {
	for from, to := range map[string]string{
		`"operation":"CREATE"`:        `"operation":"UPDATE"`,
		`"resource":"pods"}`:          `"resource":"podtemplates"}`,
		`"namespace":"shop"`:          `"namespace":"shop","subResource":"ephemeralcontainers"`,
		`"version":"v1","kind":"Pod"`: `"version":"v1","kind":"Binding"`,
	} {
		h := newHarness(t, nil)
		response := answer(t, post(h, []byte(strings.ReplaceAll(string(reviewOf("shop", wanted)), from, to))))
		if !response.Allowed || response.Patch != nil || response.AuditAnnotations["reason"] != string(injector.NotAPodCreation) {
			t.Errorf("%s: %+v", to, response)
		}
	}
}

type panics struct{}

func (panics) Plan(injector.Request) *injector.Plan { panic("value s3cret") }

func TestPanicAdmitsUnchanged(t *testing.T) {
	h := newHarness(t, nil)
	h.admitter.Planner = func() Planner { return panics{} }
	response := h.admit(t, "shop", wanted)
	if !response.Allowed || response.Patch != nil || response.AuditAnnotations["reason"] != string(injector.InternalError) || len(response.Warnings) != 1 {
		t.Errorf("response %+v, want an unchanged pod and internal-error", response)
	}
	if log := h.log.String(); !strings.Contains(log, "admit_test.go") || strings.Contains(log, "s3cret") {
		t.Errorf("the log lacks the stack or quotes the pod: %s", log)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	annotations := map[string]string{"telepod.dev/inject": "true"}
	for i := range 50 {
		annotations[fmt.Sprintf("telepod.dev/%d%s", i, strings.Repeat("ü", 40))] = "x"
	}
	encoded, err := json.Marshal(annotations)
	if err != nil {
		t.Fatal(err)
	}
	response := newHarness(t, nil).admit(t, "shop", strings.Replace(wanted, `{"telepod.dev/inject":"true"}`, string(encoded), 1))
	if got := len(response.Warnings); got != maxWarnings+1 {
		t.Fatalf("%d warnings, want %d", got, maxWarnings+1)
	}
	if last := response.Warnings[maxWarnings]; !strings.HasPrefix(last, "38 more problems") {
		t.Errorf("last warning is %q, want 38 more problems", last)
	}
	total := 0
	for _, warning := range response.Warnings {
		total += len(warning)
	}
	if total > 4096 {
		t.Errorf("%d bytes of warnings; the API server accepts 4,096", total)
	}
}

func TestDryRunIsLogged(t *testing.T) {
	h := newHarness(t, nil)
	answer(t, post(h, []byte(strings.Replace(string(reviewOf("shop", wanted)), `"dryRun":false`, `"dryRun":true`, 1))))
	if !strings.Contains(h.log.String(), `"dry_run":true`) {
		t.Error(h.log)
	}
}

func TestResponseRoundTrip(t *testing.T) {
	kind := admissionv1.PatchTypeJSONPatch
	want := admissionv1.AdmissionResponse{UID: "u-1\"\n", Allowed: true, Patch: []byte(`[{"op":"add"}]`), PatchType: &kind,
		Warnings: []string{"a", "b \\ \u2028 \x00"}, AuditAnnotations: map[string]string{"reason": "x", "decision": "\"y\""}}
	var got admissionv1.AdmissionReview
	if err := json.Unmarshal(appendReview(nil, &want), &got); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got.Response)
	if string(a) != string(b) {
		t.Errorf("got %s, want %s", b, a)
	}
}
