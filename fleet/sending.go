package fleet

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// Fate is what the variables of a container do to a signal.
type Fate string

// The fates.
const (
	// ToTelepod: the container sends it to the endpoint that Telepod sets.
	ToTelepod Fate = "telepod"
	// TurnedOff: the container does not send it.
	TurnedOff Fate = "off"
	// Elsewhere: the container sends it to another endpoint, or with another exporter.
	Elsewhere Fate = "elsewhere"
	// Unclear: the pod's spec does not show it.
	Unclear Fate = "unclear"
)

// Sending is the fate of a container's signals, and the variable that decides it.
type Sending struct {
	Container string
	Signals   []string
	Fate      Fate
	// Variable decides the fate; Value is its value, safe to print. Both are empty for ToTelepod.
	Variable, Value string
	// EnvFrom: variables that are not in the pod's spec may change this.
	EnvFrom bool
}

const (
	otlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	allSignals   = 3
)

// String describes the fate in a sentence without a full stop.
func (s Sending) String() string {
	what := "telemetry"
	if len(s.Signals) < allSignals {
		what = strings.Join(s.Signals, " and ")
	}
	container := "container " + Printable(s.Container)
	switch {
	case s.Fate == TurnedOff:
		return fmt.Sprintf("%s turns %s off: %s=%s", container, what, s.Variable, s.Value)
	case s.Fate == Elsewhere && s.Value == "":
		return fmt.Sprintf("%s has no endpoint for %s", container, what)
	case s.Fate == Elsewhere && strings.HasSuffix(s.Variable, "_ENDPOINT"):
		return fmt.Sprintf("%s sends %s to %s, not to Telepod", container, what, s.Value)
	case s.Fate == Elsewhere:
		return fmt.Sprintf("%s exports %s with %s=%s, not to Telepod", container, what, s.Variable, s.Value)
	case s.Fate == Unclear:
		return fmt.Sprintf("it is not known whether container %s sends %s to Telepod: the pod's spec does not show the effect of %s", Printable(s.Container), what, s.Variable)
	}
	return fmt.Sprintf("%s sends %s to Telepod", container, what)
}

// Repair returns the command that leaves the decision to Telepod; kubectl is its start. It is a sentence if kubectl cannot
// change the pods of the workload, and empty if there is nothing to do.
func (s Sending) Repair(kubectl string, id Identity) string {
	switch {
	case s.Fate == ToTelepod || s.Fate == Unclear || s.Value == "":
		return ""
	case !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "CronJob"}, id.Kind) || len(validation.IsDNS1123Label(s.Container)) > 0:
		return fmt.Sprintf("remove %s from container %s in its manifest", s.Variable, Printable(s.Container))
	}
	return fmt.Sprintf("%s -n %s set env %s/%s -c %s %s-", kubectl, id.Namespace, strings.ToLower(id.Kind), id.Name, s.Container, s.Variable)
}

// Sends returns what the injected containers of a pod do with each signal, from the variables in its spec. Init containers
// and containers without an endpoint (see injector.Status) are left out.
func (p *Pod) Sends() (list []Sending) {
	status, injected := p.Injection()
	if !injected {
		return nil
	}
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		if _, silent := status.Silent[c.Name]; silent || c.Name == injector.SidecarName || !slices.Contains(status.Containers, c.Name) {
			continue
		}
		list = append(list, containerOf(p, status, c).sends()...)
	}
	return list
}

// container is a container, and the variables that its process gets.
type container struct {
	*injector.Container
	pod    *Pod
	status injector.Status
	env    map[string]injector.Variable
}

func containerOf(p *Pod, status injector.Status, c *injector.Container) container {
	env := map[string]injector.Variable{}
	for _, v := range c.Env {
		env[v.Name] = v
	}
	return container{c, p, status, env}
}

// sends groups the signals with the same fate.
func (c container) sends() (list []Sending) {
	for _, signal := range []string{"traces", "metrics", "logs"} {
		one := c.fate(signal)
		at := slices.IndexFunc(list, func(s Sending) bool {
			return s.Fate == one.Fate && s.Variable == one.Variable && s.Value == one.Value
		})
		if at < 0 {
			one.Container, one.EnvFrom = c.Name, len(c.EnvFrom) > 0
			list, at = append(list, one), len(list)
		}
		list[at].Signals = append(list[at].Signals, signal)
	}
	return list
}

// fate returns what happens to a signal. The first variable that stops it counts.
func (c container) fate(signal string) Sending {
	for _, name := range []string{"OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"} {
		if v := c.env[name]; v.Sourced || v.Value != "" {
			return Sending{Fate: Unclear, Variable: name}
		}
	}
	of := strings.ToUpper(signal)
	for _, one := range []struct {
		name string
		fate func(string) Fate
	}{
		{"OTEL_SDK_DISABLED", disabled},
		{"OTEL_" + of + "_EXPORTER", exporter},
		{"OTEL_" + of + "_SAMPLER", sampler}, // only traces have one
	} {
		v := c.env[one.name]
		if uncertain(v) {
			return Sending{Fate: Unclear, Variable: one.name}
		}
		if fate := one.fate(strings.ToLower(strings.TrimSpace(v.Value))); fate != ToTelepod {
			return Sending{Fate: fate, Variable: one.name, Value: Printable(v.Value)}
		}
	}
	return c.destination("OTEL_EXPORTER_OTLP_" + of + "_ENDPOINT")
}

// uncertain reports whether the value of a variable comes from another object or variable.
func uncertain(v injector.Variable) bool { return v.Sourced || strings.Contains(v.Value, "$(") }

func disabled(value string) Fate {
	if value == "true" {
		return TurnedOff
	}
	return ToTelepod
}

// exporter judges a list of exporters: OpenTelemetry, SDK environment variables.
func exporter(value string) Fate {
	switch {
	case value == "none":
		return TurnedOff
	case value != "" && !strings.Contains(value, "otlp"):
		return Elsewhere
	}
	return ToTelepod
}

// sampler judges a sampler: one that follows its parent may still send.
func sampler(value string) Fate {
	switch value {
	case "always_off":
		return TurnedOff
	case "parentbased_always_off":
		return Unclear
	}
	return ToTelepod
}

// destination judges the endpoint of a signal: its own, or the general one.
func (c container) destination(own string) Sending {
	name := own
	v := c.env[own]
	if v.Value == "" && !v.Sourced {
		name = otlpEndpoint
		v = c.env[name]
	}
	switch {
	case v.Sourced:
		return Sending{Fate: Unclear, Variable: name}
	case v.Value == "" && len(c.EnvFrom) > 0:
		return Sending{Fate: Unclear, Variable: "envFrom"}
	case v.Value == "":
		return Sending{Fate: Elsewhere, Variable: name}
	case name == otlpEndpoint && c.status.Endpoint == profiles.EndpointService && !c.own(name):
		return Sending{Fate: ToTelepod}
	}
	fate := c.telepods(v.Value)
	sent := Sending{Fate: fate}
	if fate != ToTelepod {
		sent.Variable = name
	}
	if fate == Elsewhere {
		sent.Value = HostOf(v.Value)
	}
	return sent
}

// own reports whether the record of the injection lists a variable that Telepod left to the container.
func (c container) own(name string) bool {
	for _, items := range c.status.Skipped {
		if slices.Contains(items, c.Name+"/"+name) {
			return true
		}
	}
	return false
}

// nodeIP is what Telepod's endpoint has as its host if pods send to their node.
const nodeIP = "$(K8S_NODE_IP)"

// telepods judges an address: is it the one that Telepod sets?
func (c container) telepods(address string) Fate {
	var hosts []string
	switch to := c.status.Endpoint; to {
	case profiles.EndpointNode:
		hosts = []string{placeholder, c.pod.NodeAddress}
	case profiles.EndpointSidecar:
		hosts = []string{"127.0.0.1", "localhost", "::1"}
	case profiles.EndpointService:
		if general := c.env[otlpEndpoint]; !c.own(otlpEndpoint) {
			hosts = []string{hostname(general.Value)}
		}
	default:
		hosts = []string{hostname(to)}
	}
	host := hostname(address)
	switch {
	case host != "" && slices.Contains(hosts, host):
		return ToTelepod
	case host == "", host == placeholder, strings.Contains(address, "$("):
		return Unclear
	case c.status.Endpoint == profiles.EndpointService && strings.Contains(host, ".svc"):
		return Unclear
	}
	return Elsewhere
}

// placeholder stands for the address of the node in a URL.
const placeholder = "node.invalid"

// hostname returns the host of an address; empty if it has none.
func hostname(address string) string {
	address = strings.ReplaceAll(strings.ReplaceAll(Address(address), "["+nodeIP+"]", placeholder), nodeIP, placeholder)
	if !strings.Contains(address, "://") {
		address = "//" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// HostOf returns the host of an address with its port, safe to print.
func HostOf(address string) string {
	u, err := url.Parse(Address(address))
	if err != nil || u.Host == "" {
		return Address(address)
	}
	return u.Host
}
