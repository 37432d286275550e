package main

import (
	"encoding/json"
	"io"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
)

const rbacLong = `Print the rights that 'telepod status', 'check', 'stale' and 'explain' need on a running cluster, as manifests: a ClusterRole to
read pods, namespaces and workloads, a Role to read what belongs to the release, and their bindings to a group.

The rights are to get and to list, no more. They include no Secret, and no ConfigMaps but the profiles and the Collectors'
configurations. Logs, events and ports are those of Telepod's own namespace. Pods and workloads are read whole, with the values of their environment
variables. --canary adds the right to send to the pods of that namespace, for 'telepod check --canary'; --pre adds what
'telepod check --pre' reads.

--restart adds the rights of 'telepod restart'. They are wide: whoever may change workloads, or create pods, can run any
program in their namespaces.`

const rbacExample = `  telepod rbac --group platform-oncall | kubectl apply -f -
  kubectl --as=me --as-group=platform-oncall auth can-i list pods -A`

// rbacTemplate is filled only with names, which are validated before.
const rbacTemplate = `# What 'telepod status', 'check', 'stale' and 'explain' may do. Made by 'telepod rbac'.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: "{{.Name}}"
rules:
  - apiGroups: [""]
    resources: [namespaces, pods]
    verbs: [get, list]
  - apiGroups: [apps]
    resources: [deployments, statefulsets, daemonsets]
    verbs: [get, list]
  # Argo Rollouts.
  - apiGroups: [argoproj.io]
    resources: [rollouts]
    verbs: [get, list]
  # For explain alone.
  - apiGroups: [apps]
    resources: [replicasets]
    verbs: [get]
  - apiGroups: [batch]
    resources: [jobs, cronjobs]
    verbs: [get]
  # For check alone.
  - apiGroups: [admissionregistration.k8s.io]
    resources: [mutatingwebhookconfigurations]
    resourceNames: ["{{.Injector}}"]
    verbs: [get]
  - apiGroups: [rbac.authorization.k8s.io]
    resources: [clusterrolebindings]
    resourceNames: ["{{.Injector}}", "{{.Base}}-collector"]
    verbs: [get]
  - apiGroups: [""]
    resources: [nodes]
    verbs: [get, list]
  {{- if .Pre}}
  # For check --pre.
  - apiGroups: [admissionregistration.k8s.io]
    resources: [mutatingwebhookconfigurations]
    verbs: [list]
  - apiGroups: [storage.k8s.io]
    resources: [storageclasses]
    verbs: [list]
  {{- end}}
  {{- if .Restart}}
  # For restart alone: the pod template's annotation, trial pods as dry runs, and what limits a rollout.
  - apiGroups: [apps]
    resources: [deployments, statefulsets, daemonsets]
    verbs: [patch]
  - apiGroups: [""]
    resources: [pods]
    verbs: [create]
  - apiGroups: [policy]
    resources: [poddisruptionbudgets]
    verbs: [list]
  {{- end}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: "{{.Name}}"
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: "{{.Name}}"
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: {{.Group}}
---
# In the release's own namespace.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "{{.Name}}"
  namespace: "{{.Namespace}}"
rules:
  - apiGroups: [""]
    resources: [configmaps]
    resourceNames: ["{{.Injector}}-profiles"]
    verbs: [get]
  # Addresses of sites and stores, for explain alone.
  - apiGroups: [""]
    resources: [configmaps]
    resourceNames: ["{{.Base}}-collector", "{{.Base}}-central", "{{.Base}}-sampler"]
    verbs: [get]
  # For check alone.
  - apiGroups: [""]
    resources: [services]
    resourceNames: ["{{.Injector}}"]
    verbs: [get]
  - apiGroups: [discovery.k8s.io]
    resources: [endpointslices]
    verbs: [list]
  - apiGroups: [networking.k8s.io]
    resources: [networkpolicies]
    verbs: [list]
  - apiGroups: [""]
    resources: [events]
    verbs: [list]
  # Why a site or a store is not reached.
  - apiGroups: [""]
    resources: [pods/log]
    verbs: [get]
  # What Telepod's pods report about themselves: get reaches every port of the pods of this namespace{{if .Canary}}, create sends a canary{{end}}.
  - apiGroups: [""]
    resources: [pods/proxy]
    verbs: [get{{if .Canary}}, create{{end}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: "{{.Name}}"
  namespace: "{{.Namespace}}"
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: "{{.Name}}"
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: {{.Group}}
`

// rbacNames are the names in the manifests of `telepod rbac`.
type rbacNames struct {
	Name, Group, Namespace, Injector string
	// Base is the start of the names of all parts.
	Base                 string
	Canary, Pre, Restart bool
}

func newRBACCommand() *cobra.Command {
	var names rbacNames
	var release string
	cmd := &cobra.Command{
		Use:     "rbac",
		Short:   "Print the rights that looking at a cluster needs",
		Long:    rbacLong,
		Example: rbacExample,
		Args:    arguments(cobra.NoArgs),
	}
	flags := cmd.Flags()
	flags.StringVar(&names.Group, "group", "telepod-viewers", "group that gets the rights")
	flags.StringVar(&names.Name, "name", "telepod-view", "name of the roles and bindings")
	flags.StringVar(&names.Namespace, "telepod-namespace", "telepod", "namespace of Telepod in the cluster")
	flags.StringVar(&release, "release", "telepod", "Helm release of Telepod in the cluster")
	flags.StringVar(&names.Injector, "injector", "", "name of the injector's Deployment, if fullnameOverride is set; defaults to the chart's name for the release")
	flags.BoolVar(&names.Canary, "canary", false, "with the right that 'check --canary' needs")
	flags.BoolVar(&names.Pre, "pre", false, "with the rights that 'check --pre' needs")
	flags.BoolVar(&names.Restart, "restart", false, "add the rights of 'telepod restart': to change workloads and to create pods")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if names.Injector == "" {
			names.Injector = injectorName(release)
		}
		names.Base = strings.TrimSuffix(names.Injector, "-injector")
		return names.print(cmd)
	}
	return cmd
}

// injectorName is the chart's name for the injector of a release: telepod.fullname in templates/_names.tpl.
func injectorName(release string) string {
	name := release
	if !strings.Contains(release, "telepod") {
		name += "-telepod"
	}
	return strings.TrimSuffix(name[:min(len(name), 48)], "-") + "-injector"
}

func (n rbacNames) print(cmd *cobra.Command) error {
	for flag, value := range map[string]string{"name": n.Name, "telepod-namespace": n.Namespace, "release": n.Injector} {
		if problems := validation.IsDNS1123Subdomain(value); len(problems) > 0 {
			return wrongUsage(cmd, "--%s: %q cannot be a name in Kubernetes: %s", flag, value, problems[0])
		}
	}
	if n.Group == "" {
		return wrongUsage(cmd, "--group is empty: set it to the name of a group")
	}
	group, err := json.Marshal(n.Group) // JSON's strings are YAML's, too
	if err != nil {
		return err
	}
	n.Group = string(group)
	var b strings.Builder
	if err := template.Must(template.New("rbac").Parse(rbacTemplate)).Execute(&b, n); err != nil {
		return err
	}
	_, err = io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}
