package route

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// sender is one pod, and the destination of its telemetry.
type sender struct {
	pod *fleet.Pod
	// injected: by Telepod. The other fields are empty otherwise.
	injected bool
	status   injector.Status
	// silent: no container sends to the endpoint that Telepod sets.
	silent  bool
	sidecar bool
	// to is profiles.EndpointNode, EndpointService, or the address if it is neither.
	to string
	// address is the Collector's address, as used by the pod or its sidecar.
	address string
}

// Variables with the addresses that the containers of a pod, and its sidecar, send to.
const (
	endpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"
	exportVariable   = "TELEPOD_EXPORT_ENDPOINT"
)

func senderOf(pod *fleet.Pod) sender {
	s := sender{pod: pod}
	if s.status, s.injected = pod.Injection(); !s.injected {
		return s
	}
	if s.silent = !s.speaks(); s.silent {
		return s
	}
	s.to = fleet.Address(s.status.Endpoint)
	s.sidecar = s.status.Endpoint == profiles.EndpointSidecar
	variable := endpointVariable
	if s.sidecar {
		variable = exportVariable
	}
	raw := s.value(variable)
	if s.sidecar {
		s.to = kindOf(raw)
	}
	s.address = s.expand(raw)
	return s
}

// speaks reports whether a container got the endpoint.
func (s sender) speaks() bool {
	return slices.ContainsFunc(s.status.Containers, func(name string) bool {
		_, silent := s.status.Silent[name]
		return !silent
	})
}

// kindOf recognizes what a sidecar sends to, from the address in its variable.
func kindOf(raw string) string {
	u, err := url.Parse(strings.ReplaceAll(raw, "$(K8S_NODE_IP)", "127.0.0.1"))
	switch {
	case strings.Contains(raw, "$(K8S_NODE_IP)"):
		return profiles.EndpointNode
	case err == nil && strings.HasSuffix(u.Hostname(), ".svc"):
		return profiles.EndpointService
	}
	return fleet.Address(raw)
}

// value returns a variable of the first container that has it.
func (s sender) value(name string) string {
	for _, c := range slices.Concat(s.pod.Spec.InitContainers, s.pod.Spec.Containers) {
		if (c.Name == injector.SidecarName) != s.sidecar {
			continue
		}
		for _, v := range c.Env {
			if v.Name == name && v.Value != "" {
				return v.Value
			}
		}
	}
	return ""
}

func (s sender) expand(raw string) string {
	for name, value := range map[string]string{"K8S_NODE_IP": s.pod.NodeAddress, "K8S_POD_IP": s.pod.Address} {
		if value != "" {
			raw = strings.ReplaceAll(raw, "$("+name+")", value)
		}
	}
	return fleet.Address(raw)
}

// Uses returns the nodes whose Collectors the pods use. all is true if some pods use the Service, and therefore any
// Collector.
func Uses(pods []*fleet.Pod) (nodes []string, all bool) {
	for _, pod := range pods {
		s := senderOf(pod)
		if s.to == profiles.EndpointService {
			all = true
		}
		if s.to == profiles.EndpointNode && pod.Node != "" && !slices.Contains(nodes, pod.Node) {
			nodes = append(nodes, pod.Node)
		}
	}
	slices.Sort(nodes)
	return nodes, all
}

// pods are the hops inside of pods: the containers that send, and the sidecar.
func (f Facts) pods(senders []sender) (hops []Hop) {
	bare, silent, sidecars, ready := 0, 0, 0, 0
	var ways []string
	for _, s := range senders {
		switch {
		case !s.injected:
			bare++
			continue
		case s.silent:
			silent++
			continue
		case s.sidecar:
			sidecars++
			if _, unready := s.pod.Unready[injector.SidecarName]; !unready {
				ready++
			}
		}
		if way := fleet.Printable(s.status.Protocol) + " to " + target(s, len(senders)); !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	hop := Hop{Stage: checks.AtPod, Name: fleet.Count(len(senders), "pod"), Status: checks.OK}
	var parts []string
	if bare > 0 {
		parts = append(parts, fmt.Sprintf("%s, so %s nothing through Telepod", are(bare, "not injected"), fleet.Verb(bare, "it sends", "they send")))
	}
	if silent > 0 {
		parts = append(parts, sends(silent, "nothing, or to an endpoint of "+fleet.Verb(silent, "its", "their")+" own"))
	}
	switch {
	case len(ways) == 0:
		hop.Status = checks.Skipped
	case len(parts) > 0:
		hop.Status = checks.Warning
	}
	if len(ways) > 0 {
		parts = append(parts, sends(len(senders)-bare-silent, strings.Join(ways, ", ")))
	}
	hop.State = strings.Join(parts, "; ")
	hops = append(hops, hop)
	if sidecars > 0 {
		hops = append(hops, sidecarHop(ready, sidecars))
	}
	return hops
}

// sidecarHop describes the sidecars of all pods.
func sidecarHop(ready, sidecars int) Hop {
	hop := Hop{Stage: checks.AtPod, Name: fleet.Count(sidecars, "sidecar"), Address: "127.0.0.1", Status: checks.OK, State: fmt.Sprintf("%d of %d ready", ready, sidecars)}
	switch {
	case ready == 0:
		hop.Status = checks.Failed
	case ready < sidecars:
		hop.Status = checks.Warning
	}
	return hop
}

// target describes the destination of a pod.
func target(s sender, pods int) string {
	switch {
	case s.sidecar:
		return fleet.Verb(pods, "its sidecar", "their sidecars")
	case s.to == profiles.EndpointNode:
		return "the Collector of " + fleet.Verb(pods, "its", "their") + " node"
	case s.to == profiles.EndpointService:
		return s.address
	}
	return s.to + ", which is not Telepod's"
}

// sidecarLines returns the problems of sidecars; package checks has the lines for everything else.
func (f Facts) sidecarLines(senders []sender) (lines []checks.Line) {
	by := map[string][]string{}
	var reasons []string
	for _, s := range senders {
		reason, unready := s.pod.Unready[injector.SidecarName]
		if !s.sidecar || !unready {
			continue
		}
		if by[reason] == nil {
			reasons = append(reasons, reason)
		}
		by[reason] = append(by[reason], s.pod.Metadata.Name)
	}
	for _, reason := range reasons {
		seen := fmt.Sprintf("the sidecar of %s is not ready", fleet.Count(len(by[reason]), "pod"))
		if reason != "" {
			seen += ": " + fleet.Printable(reason)
		}
		status := checks.Failed
		repair := fmt.Sprintf("%s -n %s logs %s -c %s --tail=20", f.Cluster.Kubectl, senders[0].pod.Metadata.Namespace, by[reason][0], injector.SidecarName)
		if reason == fleet.NoStatus {
			status, repair = checks.Warning, fmt.Sprintf("%s -n %s describe pod %s", f.Cluster.Kubectl, senders[0].pod.Metadata.Namespace, by[reason][0])
		}
		lines = append(lines, checks.Line{Context: f.Cluster.Context, Section: "pods", Code: checks.CodeSidecar, Status: status, Seen: seen, Repair: repair})
	}
	return lines
}

// host returns the host of an address, with its port.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	if u.Port() == "" {
		return u.Hostname()
	}
	return net.JoinHostPort(u.Hostname(), u.Port())
}

func sends(n int, what string) string {
	return fmt.Sprintf("%d %s %s", n, fleet.Verb(n, "sends", "send"), what)
}

func are(n int, what string) string {
	return fmt.Sprintf("%d %s %s", n, fleet.Verb(n, "is", "are"), what)
}
