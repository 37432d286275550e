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
	// Environment is deployment.environment.name of everything, such as production.
	Environment string `json:"environment,omitempty"`
	// Namespace is that of Telepod in every cluster; telepod if empty.
	Namespace string `json:"namespace,omitempty"`
	// Release is the name of the Helm release in every cluster; telepod if empty.
	Release string `json:"release,omitempty"`
	// Chart is what is installed.
	Chart Chart `json:"chart,omitempty"`
	// Certificates describes who signs the certificates between regions and sites.
	Certificates Certificates `json:"certificates,omitempty"`
	// Sites are the central sites.
	Sites Sites `json:"sites"`
	// Clusters are all clusters, those of the sites included.
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
	// Version of the chart; empty means the newest, or that of the directory.
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
	// Backup receives it while the primary is away; best in another cloud.
	Backup *Site `json:"backup,omitempty"`
}

// Site is a central site.
type Site struct {
	// Cluster is the name of the cluster that runs the site.
	Cluster string `json:"cluster"`
	// Endpoint is host:port under which every region reaches the site, OTLP over HTTP.
	Endpoint string `json:"endpoint"`
	// Exposure is internal (peered networks) or public (the Internet, guarded by mutual TLS); internal if empty.
	Exposure string `json:"exposure,omitempty"`
	// SourceRanges are the address ranges that may connect; empty means all.
	SourceRanges []string `json:"sourceRanges,omitempty"`
	// Stores are where the site writes to; others are central.destinations in its values.
	Stores Stores `json:"stores,omitempty"`
	// Values are chart values for the site's cluster.
	Values map[string]any `json:"values,omitempty"`
}

// Stores are back ends of a site.
type Stores struct {
	// Jaeger is host:port of an OTLP gRPC endpoint for sampled traces.
	Jaeger string `json:"jaeger,omitempty"`
	// Prometheus is a remote-write URL for metrics.
	Prometheus string `json:"prometheus,omitempty"`
	// Archive is the bucket for all traces and logs.
	Archive *Archive `json:"archive,omitempty"`
	// Kafka lists brokers, host:port, for sampled traces, metrics and logs.
	Kafka []string `json:"kafka,omitempty"`
}

// Archive is a bucket.
type Archive struct {
	// Bucket is its name.
	Bucket string `json:"bucket"`
	// Region is where the bucket is.
	Region string `json:"region,omitempty"`
	// Endpoint is the URL of another service with the S3 protocol.
	Endpoint string `json:"endpoint,omitempty"`
	// KeysSecret is a Secret with access-key-id and secret-access-key, for a site outside of AWS.
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
	// Region is the cloud's name of it.
	Region string `json:"region"`
	// Account is the AWS account id, Google Cloud project id or Azure subscription id.
	Account string `json:"account,omitempty"`
	// Context of the kubeconfig; the cluster's name if empty.
	Context string `json:"context,omitempty"`
	// Networks are the address ranges of its nodes and pods, as CIDR.
	Networks []string `json:"networks,omitempty"`
	// Applications is false for a cluster that only runs a site: nothing is injected or collected there.
	Applications *bool `json:"applications,omitempty"`
	// Identity in the cloud of the Collectors.
	Identity Identity `json:"identity,omitempty,omitzero"`
	// Canary marks the regions that are upgraded first.
	Canary bool `json:"canary,omitempty"`
	// Version of the chart in this cluster, if it differs.
	Version string `json:"version,omitempty"`
	// Values are chart values for this cluster.
	Values map[string]any `json:"values,omitempty"`
}

// Identity is a role's ARN, a service account's e-mail or a client id.
type Identity struct {
	// Regional is that of the regional Collectors.
	Regional string `json:"regional,omitempty"`
	// Central is that of the central site, which writes the archive.
	Central string `json:"central,omitempty"`
}

// Rule is a residency rule: what it matches is stored in the regions that it lists only.
type Rule struct {
	// Clusters limits the rule to what these clusters send; empty means all.
	Clusters []string `json:"clusters,omitempty"`
	// Attribute limits the rule to telemetry with this attribute.
	Attribute string `json:"attribute,omitempty"`
	// Values are the attribute's values; empty means any.
	Values []string `json:"values,omitempty"`
	// Regions may store it, as cloud/region; gcp/europe-* means every region that begins so.
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

// Roles lists the roles of the sites that the estate has.
func (s Sites) Roles() []string {
	return slices.DeleteFunc([]string{Primary, Backup}, func(role string) bool { return s.Site(role) == nil })
}

// Role is primary or backup for a cluster with that site, else empty.
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

// Names lists the clusters in the order of the file.
func (e *Estate) Names() []string {
	var names []string
	for _, c := range e.Clusters {
		names = append(names, c.Name)
	}
	return names
}

// HasApplications reports whether applications run in the cluster.
func (c Cluster) HasApplications() bool { return c.Applications == nil || *c.Applications }

// KubeContext is the context of the kubeconfig.
func (c Cluster) KubeContext() string { return cmp.Or(c.Context, c.Name) }

// Place is cloud/region, as in the archive.
func (c Cluster) Place() string { return c.Cloud + "/" + c.Region }

// defaults fills in what may be left out for the whole estate.
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

// Order lists the clusters in the order of an installation or an upgrade: the sites, so that no region sends what its
// site does not understand yet, the backup first; then canaries, then the other regions.
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

// FullName is the prefix of the chart's objects in a cluster, as the chart makes it.
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
