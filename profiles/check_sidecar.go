package profiles

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/telepod/telepod/strict"
)

// maxConfig is the limit of one environment variable (Linux, MAX_ARG_STRLEN: 128 KiB with name and
// terminator).
const maxConfig = 128<<10 - 64

// ValidImage reports whether a container runtime accepts image as a reference. A pod with an invalid one
// can never start (InvalidImageName).
func ValidImage(image string) bool {
	_, err := reference.ParseNormalizedNamed(image)
	return err == nil
}

func (d *document) checkSidecarImage() {
	s := d.Sidecar
	if s.Image != "" && !ValidImage(s.Image) {
		d.Report("sidecar.image", "%q is not an image reference: write registry/name:tag", s.Image)
	}
	policies := []string{string(corev1.PullAlways), string(corev1.PullIfNotPresent), string(corev1.PullNever)}
	if p := string(s.ImagePullPolicy); p != "" && !slices.Contains(policies, p) {
		d.Report("sidecar.imagePullPolicy", "unknown policy %q: use %s%s", p, strings.Join(policies, ", "), DidYouMean(p, policies))
	}
	for i, name := range s.ImagePullSecrets {
		if item := fmt.Sprintf("sidecar.imagePullSecrets[%d]", i); !d.Blamed(item) && len(validation.IsDNS1123Subdomain(name)) > 0 {
			d.Report(item, "%q cannot be the name of a Secret", name)
		}
	}
}

func (d *document) checkSidecar() {
	s := d.Sidecar
	d.checkSidecarImage()
	d.checkQuantities("sidecar.resources.requests", s.Resources.Requests)
	d.checkQuantities("sidecar.resources.limits", s.Resources.Limits)
	if len(s.Resources.Claims) > 0 {
		d.Report("sidecar.resources.claims", "resource claims are not supported: remove them")
	}
	if s.SecurityContext != nil {
		d.checkSecurityContext(s.SecurityContext)
	}
	d.checkVariables("sidecar.env", s.Env)
	d.checkConfig()
}

func (d *document) checkQuantities(path string, list corev1.ResourceList) {
	known := []string{string(corev1.ResourceCPU), string(corev1.ResourceMemory), string(corev1.ResourceEphemeralStorage)}
	for name, quantity := range list {
		entry := strict.At(path, string(name))
		switch {
		case !slices.Contains(known, string(name)):
			d.Report(entry, "unknown resource: use %s%s", strings.Join(known, ", "), DidYouMean(string(name), known))
		case quantity.Sign() <= 0:
			d.Report(entry, "%s is not above zero", quantity.String())
		case name != corev1.ResourceCPU && quantity.MilliValue()%1000 != 0:
			d.Report(entry, "%s is a fraction of a byte: write Mi for mebibytes", quantity.String())
		}
	}
}

// collectorConfig is the part of a Collector's configuration that Telepod needs. The Collector itself checks
// the rest strictly at startup.
type collectorConfig struct {
	Receivers struct {
		OTLP *struct {
			Protocols map[string]*struct {
				Endpoint string `yaml:"endpoint"`
			} `yaml:"protocols"`
		} `yaml:"otlp"`
		OTLPMux *struct {
			Endpoints []string `yaml:"endpoints"`
		} `yaml:"otlp_mux"`
	} `yaml:"receivers"`
	Service struct {
		Pipelines map[string]any `yaml:"pipelines"`
	} `yaml:"service"`
}

// checkConfig refuses a configuration with which the Collector would not start, or that the pod's containers
// could not reach.
func (d *document) checkConfig() {
	const path = "sidecar.config"
	if d.Sidecar.Config == "" {
		return
	}
	if len(d.Sidecar.Config) > maxConfig {
		d.Report(path, "is %d bytes long; its environment variable can have at most %d", len(d.Sidecar.Config), maxConfig)
	}
	config, err := readCollectorConfig(d.Sidecar.Config)
	if err != nil {
		problem := syntaxProblem(d.file, err)
		message, _, _ := strings.Cut(problem.Message, " at line ") // counted within the configuration
		d.ReportAt(d.lineInBlock(path, problem.Line), path, "is not a Collector configuration: %s", strings.TrimPrefix(message, "read YAML: "))
		return
	}
	if len(config.Service.Pipelines) == 0 {
		d.Report(path, "has no service.pipelines: the Collector would not start")
	}
	for protocol, address := range config.listeners() {
		want := map[string]string{"grpc": strconv.Itoa(SidecarGRPCPort), "http": strconv.Itoa(SidecarHTTPPort)}[protocol]
		if host, port, err := net.SplitHostPort(address); err == nil && (port != want || !reachableInPod(host)) {
			d.Report(path, "receiver otlp listens for %s on %s, but the pod's containers send to 127.0.0.1:%s: use that", protocol, address, want)
		}
	}
	for _, port := range config.missedByMux() {
		d.Report(path, "receiver otlp_mux does not listen on 127.0.0.1:%d, but the pod's containers send there: add it to endpoints", port)
	}
}

// checkGate requires an image with the command of the startup probe, unless the profile sets one.
func (d *document) checkGate(s Sidecar) {
	if s.GateStartup == nil || !*s.GateStartup || len(s.ProbeCommand) > 0 || d.Blamed("sidecar.image") || HasSupervisor(s.Image) {
		return
	}
	d.Report("sidecar.gateStartup", "needs the supervisor of telepod/collector, which image %s may lack: set sidecar.probeCommand to a command of that image", s.Image)
}

// HasSupervisor reports whether image is Telepod's Collector, from any registry: its process is a supervisor,
// which responds to a startup probe.
func HasSupervisor(image string) bool {
	named, err := reference.ParseNormalizedNamed(image)
	return err == nil && strings.HasSuffix("/"+reference.Path(named), "/telepod/collector")
}

// missedByMux returns the ports that the pod's containers send to but on which the receiver "otlp_mux" does
// not listen. Only the Collector can expand ${…}.
func (c collectorConfig) missedByMux() (missed []int) {
	mux := c.Receivers.OTLPMux
	if mux == nil || strings.Contains(strings.Join(mux.Endpoints, " "), "$") {
		return nil
	}
	for _, want := range []int{SidecarGRPCPort, SidecarHTTPPort} {
		if !slices.ContainsFunc(mux.Endpoints, func(endpoint string) bool {
			host, port, err := net.SplitHostPort(endpoint)
			return err == nil && port == strconv.Itoa(want) && reachableInPod(host)
		}) {
			missed = append(missed, want)
		}
	}
	return missed
}

func readCollectorConfig(text string) (config collectorConfig, err error) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		return config, err
	}
	if len(node.Content) == 0 || node.Content[0].Kind != yaml.MappingNode {
		return config, errors.New("it must be a mapping with receivers, exporters, service and so on")
	}
	// Decode a map first, because only that reports duplicate keys.
	if err := node.Decode(new(map[string]any)); err != nil {
		return config, err
	}
	return config, node.Decode(&config)
}

// listeners returns the explicit addresses of the receiver "otlp" by protocol (grpc, http). The default is
// correct, and only the Collector can expand ${…}.
func (c collectorConfig) listeners() map[string]string {
	addresses := map[string]string{}
	if receiver := c.Receivers.OTLP; receiver != nil {
		for protocol, settings := range receiver.Protocols {
			if settings != nil && settings.Endpoint != "" && !strings.Contains(settings.Endpoint, "$") {
				addresses[protocol] = settings.Endpoint
			}
		}
	}
	return addresses
}

func reachableInPod(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// lineInBlock returns the line in the file for a line in a literal block, else that of the field.
func (d *document) lineInBlock(path string, line int) int {
	if start, ok := d.Blocks[path]; ok && line > 0 {
		return start + line
	}
	return d.Line(path)
}
