package estate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telepod/telepod/strict"
)

// Kind is the value of the field kind.
const Kind = "Estate"

// Estate is the whole file.
type Estate struct {
	// Kind is always Estate.
	Kind string `json:"kind"`
	// Environment is the deployment.environment.name of all telemetry, such as production.
	Environment string `json:"environment,omitempty"`
	// Namespace is Telepod's namespace in every cluster; telepod if empty.
	Namespace string `json:"namespace,omitempty"`
	// Release is the name of the Helm release in every cluster; telepod if empty.
	Release string `json:"release,omitempty"`
	// Chart describes the chart to install.
	Chart Chart `json:"chart,omitempty"`
	// Certificates describes who signs the certificates between regions and sites.
	Certificates Certificates `json:"certificates,omitempty"`
	// Sites are the central sites.
	Sites Sites `json:"sites"`
	// Clusters lists all clusters, including those of the sites.
	Clusters []Cluster `json:"clusters"`
	// Residency limits where telemetry may be stored.
	Residency []Rule `json:"residency,omitempty"`
	// Values are chart values for every cluster.
	Values map[string]any `json:"values,omitempty"`

	document *strict.Document
}

// Chart is the chart that Helm installs.
type Chart struct {
	// Source is a directory, an archive or an oci:// reference; oci://ghcr.io/telepod/charts/telepod if empty.
	Source string `json:"source,omitempty"`
	// Version is the chart's version; empty means the newest, or that of the directory.
	Version string `json:"version,omitempty"`
}

// Certificates describes who signs in the clusters.
type Certificates struct {
	// From is certManager (cert-manager signs in each cluster, with the cluster's own authority) or secrets (telepod
	// estate ca signs, and the certificates are renewed by hand); certManager if empty.
	From string `json:"from,omitempty"`
}

// Sites are the pair of central sites.
type Sites struct {
	// Primary receives the telemetry of all regions.
	Primary *Site `json:"primary"`
	// Backup receives it while the primary is down; preferably in another cloud.
	Backup *Site `json:"backup,omitempty"`
}

// Site is a central site.
type Site struct {
	// Cluster is the name of the cluster that runs the site.
	Cluster string `json:"cluster"`
	// Endpoint is the host:port at which every region reaches the site, for OTLP over HTTP.
	Endpoint string `json:"endpoint"`
	// Exposure is internal (peered networks) or public (the Internet, guarded by mutual TLS); internal if empty.
	Exposure string `json:"exposure,omitempty"`
	// SourceRanges are the address ranges that may connect; empty means all.
	SourceRanges []string `json:"sourceRanges,omitempty"`
	// Stores are the back ends of the site; add others as central.destinations in its values.
	Stores Stores `json:"stores,omitempty"`
	// Values are chart values for the site's cluster.
	Values map[string]any `json:"values,omitempty"`
}

// Stores are the back ends of a site.
type Stores struct {
	// Jaeger is the host:port of an OTLP gRPC endpoint for sampled traces.
	Jaeger string `json:"jaeger,omitempty"`
	// Prometheus is a remote-write URL for metrics.
	Prometheus string `json:"prometheus,omitempty"`
	// Archive is the bucket for all traces and logs.
	Archive *Archive `json:"archive,omitempty"`
	// Kafka lists brokers, as host:port, for sampled traces, metrics and logs.
	Kafka []string `json:"kafka,omitempty"`
}

// Archive is a bucket.
type Archive struct {
	// Bucket is its name.
	Bucket string `json:"bucket"`
	// Region is where the bucket is.
	Region string `json:"region,omitempty"`
	// Endpoint is the URL of another S3-compatible service.
	Endpoint string `json:"endpoint,omitempty"`
	// KeysSecret is a Secret with access-key-id and secret-access-key, for a site outside AWS.
	KeysSecret string `json:"keysSecret,omitempty"`
}

// Cluster is one cluster.
type Cluster struct {
	// Name is unique in the estate (k8s.cluster.name).
	Name string `json:"name"`
	// Cloud is aws, gcp, azure or other.
	Cloud string `json:"cloud"`
	// Platform is eks, gke, aks or other; empty follows the cloud.
	Platform string `json:"platform,omitempty"`
	// Region is the cloud's name for its region.
	Region string `json:"region"`
	// Account is the AWS account id, Google Cloud project id or Azure subscription id.
	Account string `json:"account,omitempty"`
	// Context is the cluster's context in the kubeconfig; the cluster's name if empty.
	Context string `json:"context,omitempty"`
	// Networks are the address ranges of its nodes and pods, as CIDR.
	Networks []string `json:"networks,omitempty"`
	// Applications is false for a cluster that only runs a site: nothing is injected or collected there.
	Applications *bool `json:"applications,omitempty"`
	// Identity describes the cloud identities of the Collectors.
	Identity Identity `json:"identity,omitempty,omitzero"`
	// Canary marks the regions that are upgraded first.
	Canary bool `json:"canary,omitempty"`
	// Version is the chart's version in this cluster, if it differs.
	Version string `json:"version,omitempty"`
	// Values are chart values for this cluster.
	Values map[string]any `json:"values,omitempty"`
}

// Identity contains cloud identities: a role's ARN, a service account's e-mail or a client id.
type Identity struct {
	// Regional is the identity of the regional Collectors.
	Regional string `json:"regional,omitempty"`
	// Central is the identity of the central site, which writes the archive.
	Central string `json:"central,omitempty"`
}

// Rule is a residency rule: telemetry that it matches may be stored only in the regions that it lists.
type Rule struct {
	// Clusters limits the rule to what these clusters send; empty means all.
	Clusters []string `json:"clusters,omitempty"`
	// Attribute limits the rule to telemetry with this attribute.
	Attribute string `json:"attribute,omitempty"`
	// Values are the attribute's values; empty means any.
	Values []string `json:"values,omitempty"`
	// Regions are the regions that may store it, as cloud/region; a * at the end matches any rest, as in gcp/europe-*.
	Regions []string `json:"regions"`
}

// Roles of clusters.
const (
	Primary = "primary"
	Backup  = "backup"
)

// Site returns the site of a role; nil if there is none.
func (s Sites) Site(role string) *Site {
	if role == Primary {
		return s.Primary
	}
	return s.Backup
}

// Roles returns the roles for which the estate has a site.
func (s Sites) Roles() []string {
	return slices.DeleteFunc([]string{Primary, Backup}, func(role string) bool { return s.Site(role) == nil })
}

// Role returns the role of the site in a cluster; empty if the cluster hosts none.
func (e *Estate) Role(cluster string) string {
	for _, role := range e.Sites.Roles() {
		if e.Sites.Site(role).Cluster == cluster {
			return role
		}
	}
	return ""
}

// Cluster finds a cluster by its name.
func (e *Estate) Cluster(name string) (Cluster, bool) {
	i := slices.IndexFunc(e.Clusters, func(c Cluster) bool { return c.Name == name })
	if i < 0 {
		return Cluster{}, false
	}
	return e.Clusters[i], true
}

// Names returns the clusters' names in the order of the file.
func (e *Estate) Names() []string {
	var names []string
	for _, c := range e.Clusters {
		names = append(names, c.Name)
	}
	return names
}

// HasApplications reports whether applications run in the cluster.
func (c Cluster) HasApplications() bool { return c.Applications == nil || *c.Applications }

// KubeContext returns the cluster's context in the kubeconfig.
func (c Cluster) KubeContext() string { return cmp.Or(c.Context, c.Name) }

// Place returns cloud/region, as in the archive.
func (c Cluster) Place() string { return c.Cloud + "/" + c.Region }

// defaults sets the estate's optional fields.
func (e *Estate) defaults() {
	e.Namespace = cmp.Or(e.Namespace, "telepod")
	e.Release = cmp.Or(e.Release, "telepod")
	e.Chart.Source = cmp.Or(e.Chart.Source, "oci://ghcr.io/telepod/charts/telepod")
	e.Certificates.From = cmp.Or(e.Certificates.From, FromCertManager)
}

// Choices of certificates.from.
const (
	FromCertManager = "certManager"
	FromSecrets     = "secrets"
)

// Order returns the clusters in the order of an installation or upgrade: the backup site, the primary site, canaries,
// the other regions. The sites come first so that no region sends data that its site does not understand yet.
func (e *Estate) Order() []Cluster {
	rank := func(c Cluster) int {
		switch {
		case e.Role(c.Name) == Backup:
			return 0
		case e.Role(c.Name) == Primary:
			return 1
		case c.Canary:
			return 2
		default:
			return 3
		}
	}
	order := slices.Clone(e.Clusters)
	slices.SortStableFunc(order, func(a, b Cluster) int { return cmp.Compare(rank(a), rank(b)) })
	return order
}

// FullName returns the prefix of the chart's objects in a cluster, computed as in the chart.
func (e *Estate) FullName(c Cluster) string {
	name, _ := lookup(e.ValuesOf(c), []string{"fullnameOverride"}).(string)
	switch {
	case name != "":
	case strings.Contains(e.Release, "telepod"):
		name = e.Release
	default:
		name = e.Release + "-telepod"
	}
	return strings.TrimSuffix(name[:min(len(name), 48)], "-")
}
