package e2e

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
)

// breakage is one fault, and how telepod check reports it.
type breakage struct {
	name string
	// args are additional arguments of telepod check.
	args  []string
	spoil func(*testing.T)
	// cause must be in the first line of the output, beneath in the lines of its consequences.
	cause   string
	beneath []string
	// stage is the stage at which explain reports the workload's path as broken, with the same cause; empty if it is not.
	stage checks.Stage
	// mend applies the repair that the output describes. If it is nil, the printed command is run.
	mend func(*testing.T)
}

// portUser is a pod that uses a Collector's port. It has the Collector's priority: with a lower one it would be preempted.
const portUser = `
apiVersion: v1
kind: Pod
metadata: {name: port-user, namespace: default}
spec:
  nodeSelector: {kubernetes.io/hostname: %s}
  priorityClassName: system-node-critical
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  containers: [{name: app, image: ` + cluster.AppImage + `, imagePullPolicy: Never, args: [sleep, 1h], ports: [{containerPort: 4317, hostPort: 4317}]}]
`

const denyAll = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: ` + install.Namespace + `}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`

func (e *checked) rows() []breakage {
	return append(append(e.webhookRows(), e.collectorRows()...), e.siteRows()...)
}

// kubectlInRelease runs kubectl in the release's namespace.
func (e *checked) kubectlInRelease(t *testing.T, args string) {
	t.Helper()
	e.kubectl(t, append([]string{"-n", install.Namespace}, strings.Fields(args)...)...)
}

// kubectlRow breaks something with kubectl commands in the release's namespace.
func (e *checked) kubectlRow(name, cause string, commands ...string) breakage {
	return breakage{name: name, cause: cause, spoil: func(t *testing.T) {
		for _, command := range commands {
			e.kubectlInRelease(t, command)
		}
	}}
}

func (e *checked) webhookRows() []breakage {
	const injector = install.Name
	scaled := e.kubectlRow("injector scaled to zero", "deployment/"+injector+" is scaled to zero", "scale deployment/"+injector+" --replicas=0")
	scaled.beneath = []string{"has no ready endpoint", "was not injected"}
	powerless := e.kubectlRow("injector's ClusterRoleBinding deleted, caBundle cleared", "ClusterRoleBinding "+injector+" is missing",
		"delete clusterrolebinding "+injector, "patch mutatingwebhookconfiguration "+injector+` --type=json -p=[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"},{"op":"remove","path":"/webhooks/1/clientConfig/caBundle"}]`)
	powerless.beneath = []string{"caBundle is empty", "was not injected"}
	profiles := e.kubectlRow("profile rejected", "profiles: ", "patch configmap "+injector+`-profiles --type=merge -p={"data":{"bad.yaml":"name:\u0020bad\ninherits:\u0020nothing\n"}}`)
	profiles.mend = func(t *testing.T) {
		e.kubectlInRelease(t, "patch configmap "+injector+`-profiles --type=merge -p={"data":{"bad.yaml":null}}`)
	}
	permission := breakage{name: "no permission to read", cause: "you lack permission to list ", spoil: func(t *testing.T) { e.kubeconfig = e.viewer(t) }}
	permission.mend = func(t *testing.T) {
		first := e.await(t, permission)
		e.repair(t, first.Repair)
		e.healthy(t) // with only these permissions
		e.awaitOpenPath(t)
		e.kubeconfig = e.Kubeconfig()
	}
	return []breakage{
		scaled, permission,
		e.kubectlRow("label removed", "namespace shop has 2 injected pods and no label telepod.dev/injection", "label namespace shop telepod.dev/injection-"),
		e.kubectlRow("label mistyped", "namespace shop has the label telepod.dev/injection: enable,", "label --overwrite namespace shop telepod.dev/injection=enable"),
		e.kubectlRow("webhook configuration deleted", "no MutatingWebhookConfiguration of the release", "delete mutatingwebhookconfiguration "+injector),
		e.kubectlRow("selector changed", "no webhook selects namespaces", "patch mutatingwebhookconfiguration "+injector+` --type=json -p=[{"op":"replace","path":"/webhooks/0/namespaceSelector","value":{"matchLabels":{"other":"label"}}},{"op":"replace","path":"/webhooks/1/namespaceSelector","value":{"matchLabels":{"other":"label"}}}]`),
		e.kubectlRow("Service deleted", "Service telepod/"+injector+" does not exist", "delete service "+injector),
		powerless, profiles,
		e.kubectlRow("injector's image wrong", "image nowhere.invalid/x:1 cannot be pulled", "set image deployment/"+injector+" webhook=nowhere.invalid/x:1"),
		{name: "NetworkPolicy", cause: "NetworkPolicy deny blocks all egress", spoil: func(t *testing.T) { e.apply(t, denyAll) }},
	}
}

func (e *checked) collectorRows() []breakage {
	const collectors = "daemonset/telepod-collector"
	node := e.Nodes()[1].Name
	elsewhere := fmt.Sprintf(`patch %s --type=merge -p={"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/hostname":%q}}}}}`, collectors, e.Nodes()[0].Name)
	everywhere := `patch ` + collectors + ` --type=merge -p={"spec":{"template":{"spec":{"nodeSelector":null}}}}`
	missing := e.kubectlRow("Collector missing on a node", "node "+node+" has no Collector, and 1 of its pods sends to one: nodeSelector requires ", elsewhere)
	missing.stage = checks.AtCollector
	missing.mend = func(t *testing.T) { e.kubectlInRelease(t, everywhere) }
	skew := e.kubectlRow("incomplete upgrade", "an upgrade changed only a part of the release: "+collectors+": chart 0.0.9", "label --overwrite "+collectors+" helm.sh/chart=telepod-0.0.9")
	skew.mend = func(t *testing.T) {
		e.kubectlInRelease(t, "label --overwrite "+collectors+" helm.sh/chart="+strings.TrimSpace(e.kubectl(t, "-n", install.Namespace, "get", "deployment", install.Name, `-o=jsonpath={.metadata.labels.helm\.sh/chart}`)))
	}
	port := breakage{name: "port in use", cause: "port 4317 of node " + node + " is taken by pod default/port-user", beneath: []string{"of 2 ready"}, spoil: func(t *testing.T) {
		e.kubectlInRelease(t, elsewhere)
		e.kubectlInRelease(t, "rollout status "+collectors+" --timeout=90s")
		e.apply(t, fmt.Sprintf(portUser, node))
		e.kubectl(t, "wait", "pod/port-user", "--for=condition=Ready", "--timeout=90s")
		e.kubectlInRelease(t, everywhere)
	}}
	return []breakage{
		e.kubectlRow("Collectors' ClusterRoleBinding deleted", "ClusterRoleBinding telepod-collector is missing", "delete clusterrolebinding telepod-collector"),
		skew, missing, port,
		e.kubectlRow("Collector's image wrong", "image nowhere.invalid/x:1 cannot be pulled", "set image "+collectors+" collector=nowhere.invalid/x:1"),
	}
}

func (e *checked) siteRows() []breakage {
	down := e.kubectlRow("site down, and queue full", "statefulset/telepod-central is scaled to zero", "scale statefulset/telepod-central --replicas=0")
	down.stage = checks.AtSite
	down.beneath = []string{"the primary site is not usable from 2 of 2 Collectors: connection failed", " is full: it refuses new data"}
	dns := e.kubectlRow("DNS wrong", "the primary site is not usable from 2 of 2 Collectors: connection failed: dial tcp: lookup "+site, "delete service telepod-central", "delete pod --now -l app.kubernetes.io/component=collector")
	dns.mend = func(t *testing.T) {
		e.helm(t, strings.Fields("-n "+install.Namespace+" upgrade "+install.Release+" CHART --reset-then-reuse-values"))
	}
	refused := breakage{name: "S3 refuses connections, and the canary does not arrive", args: e.canary(), cause: "spool/archive does not deliver: the archive (S3): ", beneath: []string{"canary: waits at the primary site"}, stage: checks.AtStore,
		spoil: func(*testing.T) { e.archive.Cut() }, mend: func(t *testing.T) { e.archive.Restore(t) }}
	return []breakage{
		refused, down, dns,
		e.certificateRow("Secret missing", `secret "`+regionSecret+`" not found`, func(t *testing.T) { e.kubectlInRelease(t, "delete secret "+regionSecret) }),
		e.certificateRow("certificate expired", "the regional Collectors' certificate expired on ", func(t *testing.T) {
			e.apply(t, e.secret(t, regionSecret, x509.ExtKeyUsageClientAuth, time.Now().Add(-time.Hour), e.ca))
		}),
		e.certificateRow("wrong authority", "the primary site is not usable from 1 of 2 Collectors: TLS negotiation failed", func(t *testing.T) {
			other, _ := newCA(t)
			e.apply(t, e.secret(t, regionSecret, x509.ExtKeyUsageClientAuth, nextYear(), other))
		}),
	}
}

// certificateRow changes the region's Secret, and restarts one Collector with it.
func (e *checked) certificateRow(name, cause string, spoil func(*testing.T)) breakage {
	restart := func(t *testing.T) {
		e.kubectlInRelease(t, "delete pod --now -l app.kubernetes.io/component=collector --field-selector=spec.nodeName="+e.Nodes()[1].Name)
	}
	return breakage{name: name, cause: cause,
		spoil: func(t *testing.T) {
			spoil(t)
			restart(t)
		},
		mend: func(t *testing.T) {
			e.apply(t, e.secret(t, regionSecret, x509.ExtKeyUsageClientAuth, nextYear(), e.ca))
			restart(t)
		}}
}
