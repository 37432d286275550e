package estate

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/strict"
)

// checker collects the problems of an estate.
type checker struct {
	*Estate
	*strict.Document
	warnings []strict.Mistake
}

func (c *checker) warn(path, format string, args ...any) {
	c.warnings = append(c.warnings, strict.Mistake{Line: c.Line(path), Path: path, Message: fmt.Sprintf(format, args...)})
}

// structure checks each field separately.
func (c *checker) structure() {
	if !c.Blamed("kind") && c.Kind != Kind {
		c.Report("kind", "is %q, must be %q", c.Kind, Kind)
	}
	for path, name := range map[string]string{"namespace": c.Namespace, "release": c.Release} {
		if name != "" && len(validation.IsDNS1123Label(name)) > 0 {
			c.Report(path, "%q cannot be a name: %s", name, labelRule)
		}
	}
	c.chart()
	c.oneOf("certificates.from", c.Certificates.From, "", FromCertManager, FromSecrets)
	if c.Sites.Primary == nil && !c.Blamed("sites") {
		c.Report("sites", "has no primary site: set sites.primary.cluster and sites.primary.endpoint")
	}
	for _, role := range c.Sites.Roles() {
		c.site("sites."+role, c.Sites.Site(role))
	}
	switch n := len(c.Clusters); {
	case n == 0 && !c.Blamed("clusters"):
		c.Report("clusters", "is empty: list all clusters, including those of the sites")
	case n > maxClusters:
		c.Report("clusters", "lists %d clusters; an estate has at most %d", n, maxClusters)
	}
	for i, cluster := range c.Clusters {
		c.cluster(fmt.Sprintf("clusters[%d]", i), cluster)
	}
	for i, rule := range c.Residency {
		c.rule(fmt.Sprintf("residency[%d]", i), rule)
	}
}

const labelRule = "use at most 63 lower-case letters, digits and '-', with no '-' at either end"

var version = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$`)

func (c *checker) chart() {
	if strings.HasPrefix(c.Chart.Source, "-") {
		c.Report("chart.source", "%q looks like a flag: write a directory, an archive or an oci:// reference", c.Chart.Source)
	}
	c.version("chart.version", c.Chart.Version)
}

func (c *checker) version(path, text string) {
	if text != "" && !version.MatchString(text) {
		c.Report(path, "%q is not a version: write one such as 1.2.3", text)
	}
}

// oneOf checks that a value is one of a fixed set.
func (c *checker) oneOf(path, value string, known ...string) {
	if !slices.Contains(known, value) && !c.Blamed(path) {
		shown := slices.DeleteFunc(slices.Clone(known), func(w string) bool { return w == "" })
		c.Report(path, "%q is not one of %s%s", value, strings.Join(shown, ", "), profiles.DidYouMean(value, shown))
	}
}

func (c *checker) required(path, value, advice string) bool {
	if value == "" && !c.Blamed(path) {
		c.Report(path, "is missing: %s", advice)
	}
	return value != "" && !c.Blamed(path)
}

// clusterName matches names that fit into a DNS label of a certificate, and into a file name.
var clusterName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$`)

func (c *checker) cluster(path string, cluster Cluster) {
	if c.Blamed(path) && cluster.Name == "" && cluster.Cloud == "" {
		return
	}
	if c.required(path+".name", cluster.Name, "give the cluster a name that is unique in the estate") && !clusterName.MatchString(cluster.Name) {
		c.Report(path+".name", "%q cannot be a cluster's name: use at most 63 letters, digits, '-' and '_', with a letter or digit at either end", cluster.Name)
	}
	if c.required(path+".cloud", cluster.Cloud, "write aws, gcp, azure or other") {
		c.oneOf(path+".cloud", cluster.Cloud, "aws", "gcp", "azure", "other")
	}
	c.oneOf(path+".platform", cluster.Platform, "", "eks", "gke", "aks", "other")
	if c.required(path+".region", cluster.Region, "write the cloud's name of the region, such as us-east-1") {
		mistake, doubt := checkRegion(cluster.Cloud, cluster.Region)
		if mistake != "" {
			c.Report(path+".region", "%s", mistake)
		}
		if doubt != "" {
			c.warn(path+".region", "%s", doubt)
		}
	}
	if known, ok := clouds()[cluster.Cloud]; ok && cluster.Account != "" && !known.account.MatchString(cluster.Account) {
		c.Report(path+".account", "%q is not an account of %s: write %s", cluster.Account, known.title, known.accountIs)
	}
	if strings.HasPrefix(cluster.Context, "-") {
		c.Report(path+".context", "%q looks like a flag: write a context of the kubeconfig", cluster.Context)
	}
	c.version(path+".version", cluster.Version)
	for i, network := range cluster.Networks {
		c.prefix(fmt.Sprintf("%s.networks[%d]", path, i), network)
	}
	c.identity(path+".identity.regional", cluster, cluster.Identity.Regional)
	c.identity(path+".identity.central", cluster, cluster.Identity.Central)
}

var (
	roleARN        = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/.+$`)
	serviceAccount = regexp.MustCompile(`^[a-z0-9-]+@[a-z0-9.-]+\.iam\.gserviceaccount\.com$`)
)

// identity checks that an identity belongs to the cluster's cloud and account.
func (c *checker) identity(path string, cluster Cluster, identity string) {
	if identity == "" || c.Blamed(strings.TrimSuffix(path, path[strings.LastIndex(path, ".identity"):])+".cloud") {
		return
	}
	var form *regexp.Regexp
	var example string
	switch cluster.Cloud {
	case "aws":
		form, example = roleARN, "a role's ARN, such as arn:aws:iam::123456789012:role/telepod"
	case "gcp":
		form, example = serviceAccount, "a service account, such as telepod@project.iam.gserviceaccount.com"
	case "azure":
		form, example = clouds()["azure"].account, "the client id of a managed identity"
	default:
		c.Report(path, "is an identity of aws, gcp or azure, but the cluster's cloud is other: remove it")
		return
	}
	switch arn := roleARN.FindStringSubmatch(identity); {
	case !form.MatchString(identity):
		c.Report(path, "%q is not an identity of %s: write %s", identity, cluster.Cloud, example)
	case cluster.Cloud == "aws" && cluster.Account != "" && arn[1] != cluster.Account:
		c.warn(path, "is a role of account %s, but the cluster is in %s", arn[1], cluster.Account)
	}
}

func (c *checker) prefix(path, text string) (prefix netip.Prefix) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case c.Blamed(path):
	case err != nil:
		c.Report(path, "%q is not an address range: write one such as 10.1.0.0/16", text)
	case prefix != prefix.Masked():
		c.Report(path, "%q has bits beyond its length: write %s", text, prefix.Masked())
	}
	return prefix
}

func (c *checker) rule(path string, rule Rule) {
	if len(rule.Regions) == 0 && !c.Blamed(path+".regions") {
		c.Report(path+".regions", "is missing: list the regions that may store it, as cloud/region")
	}
	if len(rule.Values) > 0 && rule.Attribute == "" {
		c.Report(path, "has values but no attribute: set the attribute with these values")
	}
	for i, region := range rule.Regions {
		at := fmt.Sprintf("%s.regions[%d]", path, i)
		provider, name, found := strings.Cut(region, "/")
		if c.Blamed(at) {
			continue
		}
		if !found || name == "" {
			c.Report(at, "%q is not cloud/region: write one such as gcp/europe-west1 or gcp/europe-*", region)
			continue
		}
		if mistake, _ := checkRegion(provider, name); mistake != "" && !strings.HasSuffix(name, "*") {
			c.Report(at, "%s", strings.Replace(mistake, "the cluster is on", "the rule names", 1))
		}
		c.oneOf(at, provider, "aws", "gcp", "azure", "other")
	}
}

func (c *checker) site(path string, site *Site) {
	c.required(path+".cluster", site.Cluster, "name one of the clusters")
	if c.required(path+".endpoint", site.Endpoint, "write host:port under which the regions reach the site") {
		c.endpoint(path+".endpoint", site.Endpoint)
	}
	c.oneOf(path+".exposure", site.Exposure, "", "internal", "public")
	for i, text := range site.SourceRanges {
		at := fmt.Sprintf("%s.sourceRanges[%d]", path, i)
		prefix := c.prefix(at, text)
		if site.Exposure == "public" && !c.Blamed(at) && (prefix.Bits() == 0 || prefix.Addr().IsPrivate()) {
			c.warn(at, "%s: the site is public, so list the public addresses of the regions' NAT gateways", text)
		}
	}
	if site.Exposure == "public" && len(site.SourceRanges) == 0 {
		c.warn(path, "is public and open to all addresses: mutual TLS refuses strangers, but also set sourceRanges to the regions' NAT addresses")
	}
	if stores := site.Stores; stores.Jaeger == "" && stores.Prometheus == "" && stores.Archive == nil && len(stores.Kafka) == 0 &&
		lookup(site.Values, []string{"central", "destinations"}) == nil && !c.Blamed(path+".stores") {
		c.Report(path+".stores", "the site has nowhere to write to: set one or more of jaeger, prometheus, archive, kafka, or central.destinations in its values")
	}
	c.stores(path+".stores", site.Stores)
}

// endpoint checks that a name can be in a certificate, and that other clusters can resolve it.
func (c *checker) endpoint(path, endpoint string) {
	host, port := splitEndpoint(endpoint)
	_, notIP := netip.ParseAddr(strings.Trim(host, "[]"))
	switch {
	case strings.Contains(endpoint, "://"):
		c.Report(path, "%q has a scheme: write host:port", endpoint)
	case host == "" || !isPort(port):
		c.Report(path, "%q is not host:port, such as telemetry.example.com:4318", endpoint)
	case notIP == nil:
		c.Report(path, "%q is an IP address, but the authorities sign only names: create a DNS name that points to the load balancer", endpoint)
	case len(validation.IsDNS1123Subdomain(host)) > 0:
		c.Report(path, "%q cannot be a DNS name: use lower-case letters, digits, '-' and '.'", host)
	case port == "4317":
		c.Report(path, "regions send OTLP over HTTP, but 4317 is the port of OTLP over gRPC: use 4318, or another port")
	case strings.HasSuffix(host, ".svc") && len(c.Clusters) == 1: // no other cluster has to resolve it
	case !strings.Contains(host, ".") || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".local") || host == "localhost":
		c.Report(path, "%q resolves only inside one cluster: use a name that all clusters resolve to the site's load balancer", host)
	}
}

func splitEndpoint(endpoint string) (host, port string) {
	i := strings.LastIndex(endpoint, ":")
	if i < 0 {
		return endpoint, ""
	}
	return endpoint[:i], endpoint[i+1:]
}

var portNumber = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)

func isPort(text string) bool {
	return portNumber.MatchString(text) && (len(text) < 5 || cmp.Compare(text, "65535") <= 0)
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`)

func (c *checker) stores(path string, stores Stores) {
	if host, port := splitEndpoint(strings.TrimPrefix(stores.Jaeger, "https://")); stores.Jaeger != "" && (host == "" || !isPort(port) || strings.Contains(host, "/")) {
		c.Report(path+".jaeger", "%q is not host:port of an OTLP gRPC port, such as jaeger.tracing:4317", stores.Jaeger)
	}
	if stores.Prometheus != "" && !isURL(stores.Prometheus) {
		c.Report(path+".prometheus", "%q is not a remote-write URL, such as http://prometheus.monitoring:9090/api/v1/write", stores.Prometheus)
	}
	for i, broker := range stores.Kafka {
		if host, port := splitEndpoint(broker); host == "" || !isPort(port) {
			c.Report(fmt.Sprintf("%s.kafka[%d]", path, i), "%q is not host:port", broker)
		}
	}
	archive := stores.Archive
	if archive == nil {
		return
	}
	path += ".archive"
	if c.required(path+".bucket", archive.Bucket, "name the bucket") && !bucketName.MatchString(archive.Bucket) {
		c.Report(path+".bucket", "%q cannot be a bucket's name: use 3 to 63 lower-case letters, digits, '.' and '-'", archive.Bucket)
	}
	if archive.Region == "" && archive.Endpoint == "" {
		c.Report(path+".region", "is missing: write the region of the bucket, such as us-east-1")
	}
	if archive.Endpoint != "" && !isURL(archive.Endpoint) {
		c.Report(path+".endpoint", "%q is not a URL that starts with https:// or http://", archive.Endpoint)
	}
	if archive.KeysSecret != "" && len(validation.IsDNS1123Subdomain(archive.KeysSecret)) > 0 {
		c.Report(path+".keysSecret", "%q cannot be a Secret's name", archive.KeysSecret)
	}
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
