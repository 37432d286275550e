package helm_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// TestRepairPermissions: the controller that evicts pods has no other write access, and is rendered only if enabled.
func TestRepairPermissions(t *testing.T) {
	rendered := render(t, "v4", "--values", presets(t)["repair"])
	rights := map[string]bool{}
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		if !strings.Contains(document, "app.kubernetes.io/component: repair\n") {
			continue
		}
		var role rbacv1.Role
		if strings.Contains(document, "\nkind: Role\n") || strings.Contains(document, "\nkind: ClusterRole\n") {
			if err := yaml.Unmarshal([]byte(document), &role); err != nil {
				t.Fatal(err)
			}
		}
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					if verb != "get" && verb != "list" {
						rights[role.Kind+" "+role.Namespace+" "+verb+" "+resource+" "+strings.Join(rule.ResourceNames, ",")] = true
					}
				}
			}
		}
		if strings.Contains(document, "\nkind: PodDisruptionBudget\n") {
			t.Errorf("a single replica needs no budget:\n%s", document)
		}
	}
	var got []string
	for right := range rights {
		got = append(got, right)
	}
	slices.Sort(got)
	want := []string{
		"ClusterRole  create events ", "ClusterRole  create pods/eviction ", "ClusterRole  patch events ",
		"Role default create pods ", "Role telepod patch leases telepod-repair", "Role telepod update leases telepod-repair",
	}
	if !slices.Equal(got, want) {
		t.Errorf("repair has write access to\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if off := render(t, "v4", "--values", presets(t)["aws"]); strings.Contains(off, "telepod-repair") {
		t.Error("repair is rendered although it is not enabled")
	}
}

// TestRepairPod checks that there is one restricted pod, which the webhook's Service does not select.
func TestRepairPod(t *testing.T) {
	for document := range strings.SplitSeq(render(t, "v4", "--values", presets(t)["repair"]), "\n---\n") {
		if !strings.Contains(document, "\nkind: Deployment\n") || !strings.Contains(document, "\n  name: telepod-repair\n") {
			continue
		}
		var d appsv1.Deployment
		if err := yaml.UnmarshalStrict([]byte(document), &d); err != nil {
			t.Fatal(err)
		}
		pod := d.Spec.Template
		c := pod.Spec.Containers[0]
		if pod.Labels["app.kubernetes.io/component"] == "injector" || *d.Spec.Replicas != 1 || !*pod.Spec.SecurityContext.RunAsNonRoot ||
			*c.SecurityContext.AllowPrivilegeEscalation || !*c.SecurityContext.ReadOnlyRootFilesystem {
			t.Errorf("%s", document)
		}
		for _, arg := range []string{"--states=bare,stale", "--evictions-per-hour=30", "--probe-namespace=default", "--settle=30m"} {
			if !slices.Contains(c.Args, arg) {
				t.Errorf("no %s in %q", arg, c.Args)
			}
		}
		return
	}
	t.Fatal("no Deployment")
}

// TestRepairMistakes: invalid values are rejected with an error that states what to set.
func TestRepairMistakes(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"--set injector.repair.probeNamespace=telepod", "choose an existing namespace that is not"},
		{"--set injector.repair.states[0]=old", "states"},
		{"--set injector.repair.evictionsPerHour=0", "evictionsPerHour"},
		{"--set injector.revision=canary", "set injector.repair.enabled to false"},
		{"--kube-version 1.29.4", "injector.repair needs Kubernetes 1.30"},
	} {
		_, err := template(t, "v4", append([]string{"--values", presets(t)["repair"]}, strings.Fields(test.args)...)...)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.args, err, test.want)
		}
	}
}
