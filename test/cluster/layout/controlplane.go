package layout

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// APIPort is the API server's port on a node; without nodes it uses a free port on loopback.
const APIPort = 6443

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// etcdURLs are the URLs on which etcd listens for peers and clients. etcd authenticates no one, so on a
// shared machine it listens on a socket in a private directory: etcd parses the URL as "host:port" and
// uses that as the file's name, in the working directory.
func (p Plan) etcdURLs() (peer, client string) {
	if p.ControlPlaneOnly() {
		return "unix://peer:1", "unix://client:1"
	}
	return "http://127.0.0.1:2380", "http://127.0.0.1:2379"
}

// api starts etcd and the API server.
func (p Plan) api(dir string) []Step {
	peer, client := p.etcdURLs()
	etcd := []string{
		"--data-dir=" + filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer,
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
	}
	return []Step{p.kube("etcd", etcd), p.kube("kube-apiserver", p.apiServer(client))}
}

func (p Plan) apiServer(etcd string) []string {
	bind := "127.0.0.1"
	if !p.ControlPlaneOnly() {
		bind = p.anyAddress()
	}
	flags := []string{
		"--etcd-servers=" + etcd,
		"--bind-address=" + bind,
		fmt.Sprintf("--secure-port=%d", p.Port),
		// The API server rejects loopback here. Without nodes this address is unused and need not exist.
		"--advertise-address=" + p.Addresses.Node(1).Addr().String(),
		"--service-cluster-ip-range=" + p.Addresses.Services().String(),
		"--client-ca-file=" + p.PKI("ca.crt"),
		"--tls-cert-file=" + p.PKI("apiserver.crt"),
		"--tls-private-key-file=" + p.PKI("apiserver.key"),
		"--kubelet-certificate-authority=" + p.PKI("ca.crt"),
		"--kubelet-client-certificate=" + p.PKI("kubelet-client.crt"),
		"--kubelet-client-key=" + p.PKI("kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + p.PKI("ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + p.PKI("front-proxy-client.crt"),
		"--proxy-client-key-file=" + p.PKI("front-proxy-client.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + p.PKI("sa.pub"),
		"--service-account-signing-key-file=" + p.PKI("sa.key"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--shutdown-delay-duration=0s",
	}
	flags = append(flags, p.featureGates()...)
	return append(flags, p.Spec.APIServerFlags...)
}

// controllers starts everything that needs the API server. The controller manager would exit if it
// started before the RBAC hooks have run, which /readyz reports.
func (p Plan) controllers() []Step {
	// At the default of 20 requests a second, starting the controllers would need 5 s.
	fast := []string{"--leader-elect=false", "--kube-api-qps=500", "--kube-api-burst=1000"}
	if p.ControlPlaneOnly() {
		fast = append(fast, "--secure-port=0") // no port on a shared network
	}
	fast = append(fast, p.featureGates()...)
	manager := append([]string{
		"--kubeconfig=" + p.Kubeconfig("kube-controller-manager"),
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + p.PKI("sa.key"),
		"--root-ca-file=" + p.PKI("ca.crt"),
		"--cluster-signing-cert-file=" + p.PKI("ca.crt"),
		"--cluster-signing-key-file=" + p.PKI("ca.key"),
		"--allocate-node-cidrs=false",
		"--node-monitor-grace-period=20s",
	}, fast...)
	scheduler := append([]string{"--kubeconfig=" + p.Kubeconfig("kube-scheduler")}, fast...)
	return []Step{
		{Name: "kube-apiserver", Await: "https://" + hostPort("127.0.0.1", p.Port) + "/readyz"},
		p.kube("kube-controller-manager", manager),
		p.kube("kube-scheduler", scheduler),
	}
}

// kube is a step that runs a program of the multi-call binary.
func (p Plan) kube(name string, flags []string) Step {
	return Step{Name: name, Argv: append([]string{p.Spec.Programs.Kube, name}, flags...)}
}

func (p Plan) featureGates() []string {
	if len(p.Spec.FeatureGates) == 0 {
		return nil
	}
	var gates []string
	for _, gate := range sortedKeys(p.Spec.FeatureGates) {
		gates = append(gates, fmt.Sprintf("%s=%t", gate, p.Spec.FeatureGates[gate]))
	}
	return []string{"--feature-gates=" + strings.Join(gates, ",")}
}

func (p Plan) anyAddress() string {
	if p.Addresses.IPv6 {
		return "::"
	}
	return "0.0.0.0"
}
