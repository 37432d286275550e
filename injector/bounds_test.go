package injector

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/telepod/telepod/profiles"
)

// hostile returns pods that are designed to be expensive, with the expected reason. Those with NamespaceEnabled are
// injected at a reasonable cost; the others are left alone.
func hostile() map[string]struct {
	pod    string
	reason Reason
} {
	annotated := func(key, value string) string {
		return fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}},"spec":{"containers":[{"name":"app","image":"a:1"}]}}`, key, value)
	}
	containers := func(n int, each string) string {
		return `{"spec":{"containers":[` + strings.Repeat(each+",", n-1) + each + `]}}`
	}
	env := func(n int, each string) string {
		return containers(1, `{"name":"app","env":[`+strings.Repeat(each+",", n-1)+each+`]}`)
	}
	many := strings.Builder{}
	for i := range 6000 {
		fmt.Fprintf(&many, `"telepod.dev/x%d":"",`, i)
	}
	attributes := strings.Builder{}
	for i := range 5000 {
		fmt.Fprintf(&attributes, `"resource.opentelemetry.io/k%d":"%%%%%%",`, i)
	}
	return map[string]struct {
		pod    string
		reason Reason
	}{
		"250,000 names":                {annotated(ContainersAnnotation, strings.Repeat("a,", 125_000)), TooManyNames},
		"long list of long patterns":   {annotated(ExcludeVariablesAnnotation, strings.Repeat("*a*b[c-z]*?*,", 250)), NamespaceEnabled},
		"one very long pattern":        {annotated(ExcludeVariablesAnnotation, strings.Repeat("*a", 100_000)), NamespaceEnabled},
		"annotations of 300 KiB":       {annotated("x", strings.Repeat("x", 300<<10)), AnnotationsTooLarge},
		"labels of 300 KiB":            {`{"metadata":{"labels":{"x":"` + strings.Repeat("x", 300<<10) + `"}}}`, AnnotationsTooLarge},
		"6,000 unknown annotations":    {`{"metadata":{"annotations":{` + many.String() + `"x":""}},"spec":{"containers":[{"name":"app"}]}}`, NamespaceEnabled},
		"5,000 attributes, containers": {`{"metadata":{"annotations":{` + attributes.String() + `"x":""}},` + containers(200, `{"name":"app"}`)[1:], PatchTooLarge},
		"20,000 containers":            {containers(20_000, `{"name":"a"}`), TooManyContainers},
		"20,000 init containers":       {strings.Replace(containers(20_000, `{"name":"a"}`), "containers", "initContainers", 1), TooManyContainers},
		"100,000 variables":            {env(100_000, `{"name":"A"}`), TooManyVariables},
		"10,000 envFrom":               {containers(1, `{"name":"a","envFrom":[`+strings.Repeat(`{"secretRef":{}},`, 9_999)+`{}]}`), TooManyVariables},
		"100,000 ports":                {containers(1, `{"name":"a","ports":[`+strings.Repeat(`{"containerPort":1},`, 99_999)+`{}]}`), NamespaceEnabled},
		"100,000 owners":               {`{"metadata":{"ownerReferences":[` + strings.Repeat(`{"name":"x"},`, 99_999) + `{}]},"spec":{"containers":[{"name":"a"}]}}`, NamespaceEnabled},
		"open references":              {env(1, `{"name":"OTEL_RESOURCE_ATTRIBUTES","value":"a=`+strings.Repeat("$(", 500_000)+`"}`), NamespaceEnabled},
		"500,000 attributes":           {env(1, `{"name":"OTEL_RESOURCE_ATTRIBUTES","value":"`+strings.Repeat("a=b,", 500_000)+`"}`), NamespaceEnabled},
		"lists of 256 containers":      {containers(256, `{"name":"a","env":[{"name":"OTEL_RESOURCE_ATTRIBUTES","value":"`+strings.Repeat("a=b,", 2000)+`"}]}`), PatchTooLarge},
	}
}

// TestBounds checks that a hostile pod is left alone or costs little. It measures memory instead of time: a
// step that takes more than linear time also allocates, or loops over input that a limit cuts.
func TestBounds(t *testing.T) {
	set, err := profiles.Load(facts)
	if err != nil {
		t.Fatal(err)
	}
	in, err := New(set, defaults())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			pod, err := ParsePod([]byte(c.pod))
			if err != nil {
				t.Fatal(err)
			}
			plan := in.Plan(Request{Pod: pod, Namespace: Namespace{Name: "shop", Labels: map[string]string{InjectionLabel: "enabled"}}})
			patch := plan.AppendPatch(nil, "")
			runtime.ReadMemStats(&after)
			if plan.Decision.Reason != c.reason {
				t.Errorf("reason %q, want %q", plan.Decision.Reason, c.reason)
			}
			if !plan.Decision.Inject && (len(patch) > 0 || len(plan.Remarks()) != 1) {
				t.Errorf("not injected, but there is a patch of %d bytes with remarks %v, want no patch and one remark", len(patch), plan.Remarks())
			}
			if len(plan.Warnings) > maxWarnings {
				t.Errorf("%d warnings, want at most %d", len(plan.Warnings), maxWarnings)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
				t.Errorf("allocated %d bytes for a pod of %d bytes", n, len(c.pod))
			}
		})
	}
}
