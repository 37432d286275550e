package layout

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func plan(nodes ...Node) Plan {
	return Plan{
		Spec: Spec{Name: "test", Nodes: nodes, Programs: Programs{Kube: "/bin/kube", CoreDNS: "/bin/coredns", Runtime: "/bin/runtime"},
			Images: []string{"/pause.tar"}, FeatureGates: map[string]bool{"B": false, "A": true}, APIServerFlags: []string{"--event-ttl=1m"}},
		Addresses: Addresses{Index: 3}, Dir: "/c", Port: APIPort,
	}
}

func names(m Machine) (names []string) {
	for _, s := range m.Steps {
		names = append(names, s.Name)
	}
	return names
}

func argv(t *testing.T, m Machine, name string) []string {
	t.Helper()
	for _, s := range m.Steps {
		if s.Name == name && len(s.Argv) > 0 {
			return s.Argv
		}
	}
	t.Fatalf("%s does not run %s", m.Name, name)
	return nil
}

func TestControlPlaneWithoutNodesListensOnLoopback(t *testing.T) {
	p := plan()
	p.Port = 12345
	machines := p.Machines()
	if len(machines) != 1 || machines[0].Network != nil {
		t.Fatalf("machines are %+v, want one without a network", machines)
	}
	want := []string{"etcd", "kube-apiserver", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
	if diff := cmp.Diff(want, names(machines[0])); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for _, s := range machines[0].Steps {
		for _, arg := range s.Argv {
			if strings.Contains(arg, "0.0.0.0") || strings.Contains(arg, ":2379") {
				t.Errorf("%s: %s: the port is reachable from other machines", s.Name, arg)
			}
		}
	}
	if got := p.Server(); got != "https://127.0.0.1:12345" {
		t.Errorf("server is %s", got)
	}
}

func TestFirstNodeRunsTheControlPlane(t *testing.T) {
	p := plan(Node{}, Node{Name: "second", Labels: map[string]string{"b": "2", "a": "1"}, ProviderID: "aws:///z/i-1"})
	machines := p.Machines()
	if len(machines) != 2 {
		t.Fatalf("%d machines, want 2", len(machines))
	}
	first, second := machines[0], machines[1]
	if first.Name != "test-n1" || second.Name != "second" {
		t.Errorf("names are %s, %s", first.Name, second.Name)
	}
	want := []string{"containerd", "import", "kubelet", "kube-proxy"}
	if diff := cmp.Diff(want, names(second)); diff != "" {
		t.Errorf("steps of the second node (-want +got):\n%s", diff)
	}
	for _, name := range append(want, "etcd", "coredns") {
		if !slices.Contains(names(first), name) {
			t.Errorf("the first node runs %v, without %s", names(first), name)
		}
	}
	if !slices.Contains(argv(t, second, "kubelet"), "--node-labels=a=1,b=2") {
		t.Errorf("labels are not in %q", argv(t, second, "kubelet"))
	}
	if i := slices.IndexFunc(second.Files, func(f File) bool { return strings.Contains(f.Content, `"providerID": "aws:///z/i-1"`) }); i < 0 {
		t.Error("no file has the provider ID")
	}
	route := []Route{{To: p.Addresses.Pods(1), Via: p.Addresses.Node(1).Addr()}}
	if len(second.Network.Routes) != 1 || second.Network.Routes[0] != route[0] {
		t.Errorf("routes are %v, want %v", second.Network.Routes, route)
	}
}

func TestMachinesPassFlagsToComponents(t *testing.T) {
	m := plan(Node{}).Machines()[0]
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		if !slices.Contains(argv(t, m, name), "--feature-gates=A=true,B=false") {
			t.Errorf("%s has no feature gates: %q", name, argv(t, m, name))
		}
	}
	api := argv(t, m, "kube-apiserver")
	if api[len(api)-1] != "--event-ttl=1m" {
		t.Errorf("the user's flag is not the last one in %q", api)
	}
}

func TestDNSAnswersForNamesOutsideTheCluster(t *testing.T) {
	p := plan(Node{})
	p.Spec.HostDomains = []string{"example.com"}
	p.Spec.Names = map[string]string{"metadata.google.internal": "169.254.169.254"}
	corefile := p.corefile()
	for _, want := range []string{"template IN A example.com", `answer "{{ .Name }} 5 IN A ` + p.Addresses.Host().Addr().String() + `"`,
		"template IN A metadata.google.internal", `answer "{{ .Name }} 5 IN A 169.254.169.254"`} {
		if !strings.Contains(corefile, want) {
			t.Errorf("%q is not in the Corefile:\n%s", want, corefile)
		}
	}
	if strings.Index(corefile, "template") > strings.Index(corefile, "kubernetes cluster.local") {
		t.Errorf("the cluster's plugin precedes the host's names:\n%s", corefile)
	}
}
