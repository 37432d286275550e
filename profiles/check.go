package profiles

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/telepod/telepod/strict"
)

// check reports the mistakes in this document's own fields, independent of inheritance.
func (d *document) check() {
	d.checkName()
	d.checkWord("cloud.provider", d.Cloud.Provider, knownProviders())
	d.checkWord("cloud.platform", d.Cloud.Platform, knownPlatforms())
	d.checkOTLP()
	d.checkVariables("variables", d.Variables)
	d.checkAttributes()
	if choices := EnvFromChoices(); d.EnvFrom != "" && !slices.Contains(choices, d.EnvFrom) {
		d.Report("envFrom", "unknown choice %q: use %s%s", d.EnvFrom, strings.Join(choices, ", "), DidYouMean(d.EnvFrom, choices))
	}
	d.checkWords("propagators", d.Propagators, knownPropagators())
	d.checkWords("detectors", d.Detectors, knownDetectors())
	d.checkSkipContainers()
	d.checkSidecar()
}

func (d *document) checkName() {
	switch {
	case d.Blamed("name"):
	case !d.Has("name"):
		d.Report("name", "is missing: give the profile a name")
	case !isLabel(d.Name):
		d.Report("name", "%q cannot be a name: %s", d.Name, labelRule)
	}
}

// labelRule describes what isLabel accepts (RFC 1123).
const labelRule = "use at most 63 lower-case letters, digits and '-', with no '-' at either end"

func isLabel(name string) bool { return len(validation.IsDNS1123Label(name)) == 0 }

// checkWord accepts known values, and others unless they look like a misspelt known one.
func (d *document) checkWord(path, value string, known []string) {
	switch near, ok := Nearest(value, known); {
	case value == "" || slices.Contains(known, value):
	case ok:
		d.Report(path, "unknown value %q%s", value, Suggest(near))
	case strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "":
		d.Report(path, "%q has invalid characters: use letters, digits, '.', '_' and '-'", value)
	}
}

func (d *document) checkWords(path string, values, known []string) {
	for i, value := range values {
		item := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case d.Blamed(item):
		case value == "":
			d.Report(item, "is empty: remove it")
		case slices.Contains(values[:i], value):
			d.Report(item, "%q is listed twice: remove it", value)
		default:
			d.checkWord(item, value, known)
		}
	}
}

func (d *document) checkSkipContainers() {
	for i, name := range d.SkipContainers {
		item := fmt.Sprintf("skipContainers[%d]", i)
		if !isLabel(name) && !d.Blamed(item) {
			d.Report(item, "%q cannot be a container's name: %s", name, labelRule)
		}
	}
}

func (d *document) checkOTLP() {
	d.checkEndpoint()
	if p := d.OTLP.Protocol; p != "" && p != ProtocolGRPC && p != ProtocolHTTP {
		near, ok := Nearest(p, []string{ProtocolGRPC})
		if !ok {
			near = ProtocolHTTP // http, http/json, http/proto, …
		}
		d.Report("otlp.protocol", "unknown protocol %q: use %s or %s%s", p, ProtocolGRPC, ProtocolHTTP, Suggest(near))
	}
	d.checkHost("otlp.serviceHost", d.OTLP.ServiceHost)
	d.checkHost("otlp.clusterServiceHost", d.OTLP.ClusterServiceHost)
	d.checkPort("otlp.grpcPort", d.OTLP.GRPCPort)
	d.checkPort("otlp.httpPort", d.OTLP.HTTPPort)
}

func (d *document) checkHost(path, host string) {
	if host != "" && len(validation.IsDNS1123Subdomain(host)) > 0 {
		d.Report(path, "%q cannot be a host name: write it without scheme and port", host)
	}
}

func (d *document) checkPort(path string, port int32) {
	if d.Has(path) && !d.Blamed(path) && (port < 1 || port > 65535) {
		d.Report(path, "%d is not a port: use 1 to 65535", port)
	}
}

func (d *document) checkEndpoint() {
	const path = "otlp.endpoint"
	endpoint, named := d.OTLP.Endpoint, []string{EndpointNode, EndpointService, EndpointSidecar}
	if endpoint == "" || slices.Contains(named, endpoint) {
		return
	}
	if !strings.Contains(endpoint, "://") {
		d.Report(path, "unknown endpoint %q: use %s or a URL such as https://collector.example.com:4317%s",
			endpoint, strings.Join(named, ", "), DidYouMean(endpoint, named))
		return
	}
	problem := EndpointProblem(endpoint)
	if problem == "" && strings.Contains(endpoint, "$(") {
		problem = "must have a literal host: write it as https://host:port"
	}
	if problem == "" {
		return
	}
	if u, err := url.Parse(endpoint); err == nil {
		endpoint = u.Redacted()
	}
	d.Report(path, "%q %s", endpoint, problem)
}

// EndpointProblem returns why an OTLP exporter cannot send to a URL (OpenTelemetry specification, OTLP exporter), as
// a predicate without the URL; "" means that it can.
func EndpointProblem(endpoint string) string {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return "is not a URL: write it as https://host:port"
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Sprintf("has the scheme %q: use http or https, for gRPC too", u.Scheme)
	case u.Hostname() == "":
		return "has no host: write it as https://host:port"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "must only have scheme, host, port and path: remove the rest"
	case u.Port() != "" && !isPort(u.Port()):
		return fmt.Sprintf("has the port %s: use 1 to 65535", u.Port())
	}
	return ""
}

func isPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && len(validation.IsValidPortNum(n)) == 0
}

// checkAttributes restricts the keys to those that every backend accepts and that need no encoding in
// OTEL_RESOURCE_ATTRIBUTES.
func (d *document) checkAttributes() {
	for key, value := range d.ResourceAttributes {
		path := strict.At(attributesPath, key)
		switch field := fieldOfAttribute(key); {
		case value == "" && key != "":
			// Removed attributes need no checks.
		case field != "":
			d.Report(path, "set %s instead, from which Telepod derives this attribute", field)
		case key == "service.name":
			d.Report(path, "would give every service the same name: annotate pods with resource.opentelemetry.io/service.name")
		case key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") != "":
			d.Report(path, "%q cannot be an attribute's key: use letters, digits, '.', '_', '-' and '/'", key)
		}
	}
}
