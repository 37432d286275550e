package route

import (
	"fmt"
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
	silent bool
	// choices are what the variables of its containers decide against Telepod. away: nothing else is left; unsure: what is
	// left is not known.
	choices      []fleet.Sending
	away, unsure bool
	// envFrom is a container with variables that its spec does not show; empty if there is none.
	envFrom string
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
	if s.choose(); s.away || s.unsure {
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

// choose reads what the variables of the pod's containers decide.
func (s *sender) choose() {
	sends, unclear, all := 0, 0, s.pod.Sends()
	for _, one := range all {
		if one.EnvFrom {
			s.envFrom = one.Container
		}
		switch one.Fate {
		case fleet.ToTelepod:
			sends++
			continue
		case fleet.Unclear:
			unclear++
		}
		s.choices = append(s.choices, one)
	}
	s.away = len(all) > 0 && sends+unclear == 0
	s.unsure = sends == 0 && unclear > 0
}

// reasons describes the choices.
func (s sender) reasons() string {
	var parts []string
	for _, one := range s.choices {
		parts = append(parts, one.String())
	}
	return strings.Join(parts, "; ")
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
			if v.Name == name && v.Value != "" && !s.refuses(c.Name, name) {
				return v.Value
			}
		}
	}
	return ""
}

// refuses reports whether a container uses a variable to send elsewhere.
func (s sender) refuses(container, variable string) bool {
	return slices.ContainsFunc(s.choices, func(c fleet.Sending) bool { return c.Container == container && c.Variable == variable })
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

// tally counts pods by what happens to their telemetry inside of them.
type tally struct {
	bare, silent, away, unsure, halted, sends, sidecars, ready int
	// ways are the protocols and destinations of those that send; reasons are why others do not, in the order of the pods.
	ways, reasons, unclear, stopped []string
}

func (t *tally) add(s sender, pods int) {
	switch {
	case !s.injected:
		t.bare++
		return
	case s.silent:
		t.silent++
		return
	case s.away:
		t.away, t.reasons = t.away+1, missing(t.reasons, s.reasons())
		return
	case s.unsure:
		t.unsure, t.unclear = t.unsure+1, missing(t.unclear, s.reasons())
		return
	}
	if s.sidecar {
		t.sidecars++
		if _, unready := s.pod.Unready[injector.SidecarName]; !unready {
			t.ready++
		}
	}
	if s.pod.Condition.Halted {
		t.halted, t.stopped = t.halted+1, missing(t.stopped, s.pod.Condition.String())
		return
	}
	t.sends, t.ways = t.sends+1, missing(t.ways, fleet.Printable(s.status.Protocol)+" to "+target(s, pods))
	if len(s.choices) > 0 {
		t.ways = missing(t.ways, "but "+s.reasons())
	}
}

// missing appends a text to a list unless the list has it.
func missing(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// state describes the pods in one sentence.
func (t tally) state() string {
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, text)
		}
	}
	add(t.bare, fmt.Sprintf("%s, so %s nothing through Telepod", are(t.bare, "not injected"), fleet.Verb(t.bare, "it sends", "they send")))
	add(t.silent, sends(t.silent, "nothing, or to an endpoint of "+fleet.Verb(t.silent, "its", "their")+" own"))
	add(t.away, sends(t.away, "nothing to Telepod: "+strings.Join(t.reasons, "; ")))
	add(t.unsure, fmt.Sprintf("%d may send to Telepod: %s", t.unsure, strings.Join(t.unclear, "; ")))
	add(t.halted, fmt.Sprintf("%d %s not run: %s", t.halted, fleet.Verb(t.halted, "does", "do"), strings.Join(t.stopped, "; ")))
	add(t.sends, sends(t.sends, strings.Join(t.ways, ", ")))
	return strings.Join(parts, "; ")
}

// status is a failure only if no pod runs.
func (t tally) status(pods int) checks.Status {
	switch {
	case t.halted == pods:
		return checks.Failed
	case t.sends == 0 && t.halted == 0 && t.unsure > 0:
		return checks.Unknown
	case t.sends == 0 && t.halted == 0 && t.away == 0:
		return checks.Skipped
	case t.sends < pods:
		return checks.Warning
	}
	return checks.OK
}

// pods are the hops inside of pods: the containers that send, and the sidecar.
func (f Facts) pods(senders []sender) (hops []Hop) {
	var t tally
	for _, s := range senders {
		t.add(s, len(senders))
	}
	hops = append(hops, Hop{Stage: checks.AtPod, Name: fleet.Count(len(senders), "pod"), Status: t.status(len(senders)), State: t.state()})
	if t.sidecars > 0 {
		hops = append(hops, sidecarHop(t.ready, t.sidecars))
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

func sends(n int, what string) string {
	return fmt.Sprintf("%d %s %s", n, fleet.Verb(n, "sends", "send"), what)
}

func are(n int, what string) string {
	return fmt.Sprintf("%d %s %s", n, fleet.Verb(n, "is", "are"), what)
}
