package layout

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// ContainerdSocket is containerd's socket, as its node sees it.
const ContainerdSocket = "/run/containerd/containerd.sock"

// Disk is a directory of the node that is on the machine's disk, unlike the rest of /var/lib: its content
// survives turning the node off.
const Disk = "/var/lib/telepod"

// Mounts maps a node's own directories, below [Machine.Dir], to the paths where its programs expect
// them, so that flags keep their defaults and hostPath volumes work.
func Mounts() map[string]string {
	return map[string]string{
		"run":        "/run",
		"log":        "/var/log",
		"kubelet":    "/var/lib/kubelet",
		"containerd": "/var/lib/containerd",
		"cni":        "/var/lib/cni",
		"disk":       Disk,
	}
}

// Import is the command that loads a docker-archive file into a node's containerd, by the socket's path
// as the caller sees it. ctr needs an absolute path.
func Import(runtime, socket, image string) []string {
	return []string{filepath.Join(runtime, "ctr"), "-a", socket, "-n", "k8s.io", "images", "import", image}
}

func (p Plan) runtime(dir string) []Step {
	containerd := []string{filepath.Join(p.Spec.Programs.Runtime, "containerd"), "-c", filepath.Join(dir, "containerd.toml")}
	steps := []Step{{Name: "containerd", Argv: containerd, Await: ContainerdSocket}}
	for _, image := range p.Spec.Images {
		steps = append(steps, Step{Name: "import", Argv: Import(p.Spec.Programs.Runtime, ContainerdSocket, image), Once: true})
	}
	return steps
}

func (p Plan) kubelet(n int, dir string) []Step {
	name := p.NodeName(n)
	flags := []string{
		"--config=" + filepath.Join(dir, "kubelet.json"),
		"--kubeconfig=" + p.Kubeconfig("kubelet-"+name),
		"--hostname-override=" + name,
		"--node-ip=" + p.Addresses.Node(n).Addr().String(),
		"--v=2",
	}
	var labels []string
	for _, key := range sortedKeys(p.Spec.Nodes[n-1].Labels) {
		labels = append(labels, key+"="+p.Spec.Nodes[n-1].Labels[key])
	}
	if len(labels) > 0 {
		flags = append(flags, "--node-labels="+strings.Join(labels, ","))
	}
	return []Step{
		p.kube("kubelet", flags),
		p.kube("kube-proxy", []string{"--config=" + filepath.Join(dir, "kube-proxy.json")}),
	}
}

// dns runs CoreDNS as a process of the node. A pod would need an image, a rollout and two more seconds for
// every start, without a difference for clients.
func (p Plan) dns(dir string) Step {
	return Step{Name: "coredns", Argv: []string{p.Spec.Programs.CoreDNS, "-conf", filepath.Join(dir, "Corefile")}}
}

// DNSReady is the URL that answers 200 once CoreDNS resolves names.
func (p Plan) DNSReady() string {
	return "http://" + hostPort(p.Addresses.Node(1).Addr().String(), 8181) + "/ready"
}

func (p Plan) files(n int, dir string) []File {
	at := func(name string) string { return filepath.Join(dir, name) }
	files := []File{
		{at("kubelet.json"), p.kubeletConfig(n, dir)},
		{at("kube-proxy.json"), p.proxyConfig(n)},
		{at("resolv.conf"), "nameserver " + p.Addresses.DNS().String() + "\n"},
		{at("Corefile"), p.corefile()},
		{at("containerd.toml"), p.containerdConfig(dir)},
		{at("cni.d/10-telepod.conflist"), p.cniConfig(n)},
	}
	if p.Spec.MirrorPort != 0 {
		mirror := hostPort(p.Addresses.Host().Addr().String(), p.Spec.MirrorPort)
		files = append(files, File{at("registries.d/_default/hosts.toml"), fmt.Sprintf("[host.\"http://%s\"]\n  capabilities = [\"pull\", \"resolve\"]\n", mirror)})
	}
	return files
}

func (p Plan) kubeletConfig(n int, dir string) string {
	serving := "kubelet-serving-" + p.NodeName(n)
	return toJSON(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"address": p.anyAddress(),
		"authentication": map[string]any{
			"x509":      map[string]any{"clientCAFile": p.PKI("ca.crt")},
			"anonymous": map[string]any{"enabled": false},
			"webhook":   map[string]any{"enabled": true},
		},
		"authorization":            map[string]any{"mode": "Webhook"},
		"tlsCertFile":              p.PKI(serving + ".crt"),
		"tlsPrivateKeyFile":        p.PKI(serving + ".key"),
		"cgroupDriver":             "cgroupfs",
		"cgroupRoot":               "/" + p.Cgroup(n),
		"failCgroupV1":             false, // the kubelet rejects cgroup v1 by default
		"failSwapOn":               false,
		"containerRuntimeEndpoint": "unix://" + ContainerdSocket,
		"resolvConf":               filepath.Join(dir, "resolv.conf"),
		"clusterDomain":            "cluster.local",
		"clusterDNS":               []string{p.Addresses.DNS().String()},
		"providerID":               p.Spec.Nodes[n-1].ProviderID,
		"featureGates":             p.Spec.FeatureGates,
		"serializeImagePulls":      false,
		// The disk is the developer's: its usage must not cause evictions or image garbage collection.
		"imageGCHighThresholdPercent": 100,
		"evictionHard": map[string]string{
			"memory.available": "50Mi", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%",
		},
		"nodeStatusUpdateFrequency": "5s",
		"syncFrequency":             "10s",
	})
}

func (p Plan) proxyConfig(n int) string {
	return toJSON(map[string]any{
		"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
		"mode":             "nftables",
		"hostnameOverride": p.NodeName(n),
		"clusterCIDR":      p.Addresses.AllPods().String(),
		"clientConnection": map[string]any{"kubeconfig": p.Kubeconfig("kube-proxy")},
		"bindAddress":      p.anyAddress(),
		// The connection table belongs to the whole machine, so its size stays unchanged.
		"conntrack": map[string]any{"maxPerCore": 0},
		"nftables":  map[string]any{"minSyncPeriod": "0.1s"},
	})
}

func (p Plan) corefile() string {
	return fmt.Sprintf(`.:53 {
    bind %s
    errors
    ready :8181
%s    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig %s
        pods insecure
        ttl 1
    }
}
`, p.Addresses.Node(1).Addr(), p.names(), p.Kubeconfig("coredns"))
}

// names answers queries for names outside the cluster. For the other address family the answer is empty,
// not NXDOMAIN.
func (p Plan) names() (plugins string) {
	family := "A"
	if p.Addresses.IPv6 {
		family = "AAAA"
	}
	leadTo := func(domain, address string) {
		plugins += fmt.Sprintf("    template IN %[1]s %[2]s {\n        answer \"{{ .Name }} 5 IN %[1]s %[3]s\"\n    }\n"+
			"    template IN ANY %[2]s {\n        rcode NOERROR\n    }\n", family, domain, address)
	}
	for _, domain := range p.Spec.HostDomains {
		leadTo(domain, p.Addresses.Host().Addr().String())
	}
	for _, domain := range sortedKeys(p.Spec.Names) {
		leadTo(domain, p.Spec.Names[domain])
	}
	return plugins
}

// containerdConfig sets restrict_oom_score_adj because root in a container may not lower that score, and
// runc then fails with an error about a pipe. The plugin "opt" is disabled: it would create
// /opt/containerd on the host.
func (p Plan) containerdConfig(dir string) string {
	return fmt.Sprintf(`version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %q
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`, ContainerdSocket, PauseImage, filepath.Join(dir, "registries.d"), p.Spec.Programs.Runtime, filepath.Join(dir, "cni.d"))
}

func (p Plan) cniConfig(n int) string {
	everywhere := "0.0.0.0/0"
	if p.Addresses.IPv6 {
		everywhere = "::/0"
	}
	return toJSON(map[string]any{
		"cniVersion": "1.0.0", "name": "telepod",
		"plugins": []any{
			map[string]any{
				"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
				"ipam": map[string]any{
					"type":   "host-local",
					"ranges": []any{[]any{map[string]any{"subnet": p.Addresses.Pods(n).String()}}},
					"routes": []any{map[string]any{"dst": everywhere}},
				},
			},
			map[string]any{
				"type": "portmap", "capabilities": map[string]any{"portMappings": true}, "snat": true, "backend": "nftables",
			},
		},
	})
}

// toJSON renders maps, strings and numbers, which cannot fail.
func toJSON(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}
