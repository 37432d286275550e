package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apiversion "k8s.io/apimachinery/pkg/util/version"
)

// Before describes a cluster before Telepod is installed.
type Before struct {
	Snapshot
	// Allowed reports for each of [RightsToInstall] whether the user has it.
	Allowed Answer[map[Right]bool]
	// NamespaceLabels are those of the release's namespace; nil if it does not exist.
	NamespaceLabels Answer[map[string]string]
	// StorageClasses reports for each whether it is the default.
	StorageClasses Answer[map[string]bool]
	// CertManager is true if the cluster serves cert-manager's API.
	CertManager Answer[bool]
	// Webhooks are the names of all webhook configurations that change new pods.
	Webhooks Answer[[]string]
}

// Right is a permission to create objects.
type Right struct {
	Group, Resource string
	Namespaced      bool
}

// RightsToInstall returns the permissions that Helm needs for the chart.
func RightsToInstall() []Right {
	return []Right{
		{"", "secrets", true}, {"", "configmaps", true}, {"", "services", true}, {"", "serviceaccounts", true}, {"apps", "deployments", true},
		{"apps", "daemonsets", true}, {"apps", "statefulsets", true}, {"policy", "poddisruptionbudgets", true}, {"rbac.authorization.k8s.io", "roles", true},
		{"rbac.authorization.k8s.io", "rolebindings", true}, {"rbac.authorization.k8s.io", "clusterroles", false},
		{"rbac.authorization.k8s.io", "clusterrolebindings", false}, {"admissionregistration.k8s.io", "mutatingwebhookconfigurations", false},
		{"admissionregistration.k8s.io", "validatingadmissionpolicies", false}, {"scheduling.k8s.io", "priorityclasses", false},
	}
}

// oldest is the chart's kubeVersion.
const oldest = "1.28"

// Lines judges whether the chart can be installed.
func (b Before) Lines() []Line {
	r := &report{context: b.Context, section: "before the installation"}
	if b.Unreachable != nil {
		return b.Snapshot.Lines()
	}
	r.check(codeVersion)
	if v := b.Kubernetes.Value; v.LessThan(apiversion.MustParseGeneric(oldest)) {
		r.add(Failed, "upgrade the cluster", "Kubernetes %s: the chart needs %s or later", v, oldest)
	} else {
		b.kubernetes(r)
	}
	r.check(codePrepared)
	b.rightsToInstall(r)
	b.podSecurity(r)
	b.ports(r)
	b.daemonSets(r)
	b.optional(r)
	b.others(r)
	b.rights(r)
	return r.lines
}

func (b Before) rightsToInstall(r *report) {
	if r.unknown("permissions to install", b.Allowed.Err) {
		return
	}
	var missing []string
	for _, right := range RightsToInstall() {
		if !b.Allowed.Value[right] {
			missing = append(missing, right.Resource)
		}
	}
	if len(missing) > 0 {
		r.add(Failed, "install as a user who is bound to the ClusterRole cluster-admin", "you may not create %s", strings.Join(missing, ", "))
		return
	}
	r.ok("you may create every object of the chart")
}

// podSecurity: the regional Collectors use host ports and a hostPath, which only the level privileged allows.
func (b Before) podSecurity(r *report) {
	if r.unknown("namespace "+b.Namespace, b.NamespaceLabels.Err) {
		return
	}
	const enforce = "pod-security.kubernetes.io/enforce"
	labels := b.NamespaceLabels.Value
	switch level := labels[enforce]; {
	case labels == nil:
		r.ok("namespace %s does not exist yet: helm install --create-namespace creates it", b.Namespace)
	case level != "" && level != "privileged":
		r.add(Failed, fmt.Sprintf("%s label --overwrite namespace %s %s=privileged", b.Kubectl, b.Namespace, enforce),
			"namespace %s enforces PodSecurity %s, which refuses the regional Collectors: they use host ports and a hostPath volume", b.Namespace, level)
	default:
		r.ok("namespace %s allows host ports and hostPath volumes", b.Namespace)
	}
	if n := len(b.Injector.Value.Workloads); n > 0 {
		r.add(Warning, "telepod check"+b.selection(), "release %s is already installed in namespace %s", b.Release, b.Namespace)
	}
}

func (b Before) ports(r *report) {
	if r.unknown("ports of nodes", b.Pods.Err) {
		return
	}
	by := map[string][]string{}
	for at, pod := range b.Pods.Value.HostPorts {
		if at.Port == 4317 || at.Port == 4318 {
			by[pod] = append(by[pod], fmt.Sprintf("%d on %s", at.Port, at.Node))
		}
	}
	for _, pod := range slices.Sorted(maps.Keys(by)) {
		slices.Sort(by[pod])
		r.add(Failed, "change its host ports, or set regional.mode: gateway", "pod %s uses host ports that the regional Collectors need: %s", pod, named(by[pod]))
	}
	if len(by) == 0 {
		r.ok("ports 4317 and 4318 are free on all nodes")
	}
}

// daemonSets finds nodes that run no pods of DaemonSets.
func (b Before) daemonSets(r *report) {
	var virtual, autopilot []string
	for _, n := range b.Nodes.Value {
		switch {
		case n.Labels["eks.amazonaws.com/compute-type"] == "fargate", n.Labels["type"] == "virtual-kubelet":
			virtual = append(virtual, n.Name)
		case strings.HasPrefix(n.Name, "gk3-"): // GKE's name for Autopilot nodes
			autopilot = append(autopilot, n.Name)
		}
	}
	if len(autopilot) > 0 {
		r.add(Failed, "set regional.mode: gateway", "GKE Autopilot does not allow hostPath volumes: %s", named(autopilot))
	}
	if len(virtual) > 0 {
		r.add(Warning, "annotate their namespaces with telepod.dev/endpoint: service", "%d nodes run no DaemonSets, so their pods need a sidecar or the Service: %s", len(virtual), named(virtual))
	}
	if len(autopilot)+len(virtual) == 0 && b.Nodes.Err == nil {
		r.ok("all nodes run DaemonSets")
	}
}

// optional lists the requirements of optional chart values.
func (b Before) optional(r *report) {
	if !r.unknown("storage classes", b.StorageClasses.Err) {
		standard := ""
		for name, isDefault := range b.StorageClasses.Value {
			if isDefault {
				standard = name
			}
		}
		if standard == "" {
			r.add(Skipped, "", "there is no default storage class: a central site needs central.storage.className")
		} else {
			r.ok("storage class %s is the default", standard)
		}
	}
	if !r.unknown("cert-manager", b.CertManager.Err) {
		if b.CertManager.Value {
			r.ok("cert-manager is installed: tls.issuerRef can be set")
		} else {
			r.add(Skipped, "", "cert-manager is not installed: create the Secrets that tls.regionalSecret and tls.centralSecret name")
		}
	}
}

// others finds other injectors that configure telemetry in pods.
func (b Before) others(r *report) {
	if r.unknown("other injectors", b.Webhooks.Err) {
		return
	}
	known := map[string]string{"opentelemetry-operator": "the OpenTelemetry Operator", "datadog": "Datadog", "dynatrace": "Dynatrace", "dash0": "Dash0",
		"odigos": "Odigos", "instana": "Instana", "newrelic": "New Relic", "cloudwatch-agent": "Amazon CloudWatch", "application-insights": "Azure Monitor"}
	found := false
	for _, configuration := range b.Webhooks.Value {
		for part, product := range known {
			if strings.Contains(configuration, part) {
				found = true
				r.add(Warning, "opt each namespace in to only one of them", "%s injects pods, too (%s): Telepod does not change variables that a pod already has", product, configuration)
			}
		}
	}
	if !found {
		r.ok("no other telemetry injector was found")
	}
}
