package checks

import (
	"cmp"
	"maps"
	"slices"
)

// The codes of lines about a workload's pods and their sidecars, which only package route adds.
const (
	CodeWorkload = "workload"
	CodeSidecar  = "sidecar"
)

// CodeSending is the code of lines about containers whose own variables keep telemetry from Telepod.
const CodeSending = "sending"

// The codes of the checks.
const (
	codeUnreachable      = "api-server"
	codeRights           = "rights"
	codePrepared         = "before-install"
	codeVersion          = "kubernetes"
	codeNodes            = "nodes"
	codeInjectorRoles    = "injector-roles"
	codeProfiles         = "profiles"
	codeInjectorWaiting  = "injector-waiting"
	codeInjectorPods     = "injector-pods"
	codeScaled           = "injector-scaled"
	codeInjector         = "injector"
	codeReplica          = "one-replica"
	codeServing          = "webhook-certificate"
	codePolicy           = "network-policy"
	codeConfiguration    = "webhook-configuration"
	codeSelector         = "webhook-selector"
	codeBundle           = "webhook-authority"
	codeService          = "webhook-service"
	codeReached          = "webhook-reached"
	codeRoles            = "collector-roles"
	codeCertificates     = "certificates"
	codeCollectorWaiting = "collector-waiting"
	codeCollectorPods    = "collector-pods"
	codeCollectors       = "collectors"
	codeUncovered        = "nodes-without-collector"
	codeNoNode           = "collector-nodes"
	codeCentralWaiting   = "central-waiting"
	codeCentralPods      = "central-pods"
	codeCentral          = "central"
	codeSamplerWaiting   = "sampler-waiting"
	codeSamplerPods      = "sampler-pods"
	codeSamplers         = "samplers"
	codeBackEnds         = "back-ends"
	codeSites            = "sites"
	codeDisk             = "disk"
	codeQueues           = "queues"
	codeRefusals         = "refusals"
	codeMetrics          = "metrics"
	codeNamespaces       = "namespaces"
	codeSettings         = "settings"
	codeOthers           = "other-injectors"
	codeOutOfDate        = "out-of-date"
	codeVersions         = "versions"
	codeBackup           = "backup"
	codeCanary           = "canary"
)

// Codes lists the codes of all checks, causes before their effects.
func Codes() []string {
	return []string{
		codeUnreachable, codeRights, codePrepared, codeVersion, codeNodes, codeInjectorRoles, codeProfiles, codeScaled, codeConfiguration, codeInjectorPods, codeInjectorWaiting, codeInjector,
		codeServing, codePolicy, codeSelector, codeBundle, codeService, codeReached, codeRoles, codeCertificates, codeCollectorPods, codeCollectorWaiting, codeCollectors,
		codeUncovered, codeNoNode, codeCentralPods, codeCentralWaiting, codeCentral, codeSamplerPods, codeSamplerWaiting, codeSamplers, codeBackEnds, codeSites, codeDisk, codeQueues, codeRefusals, codeMetrics, codeNamespaces, codeSettings, CodeSending,
		codeOthers, codeOutOfDate, codeVersions, codeReplica, codeBackup, codeCanary,
	}
}

// Stage is the part of the path of telemetry that a line is about.
type Stage string

// The stages, in the order in which data passes them.
const (
	AtPod       Stage = "pod"
	AtCollector Stage = "collector"
	AtSite      Stage = "site"
	AtStore     Stage = "store"
	// Elsewhere: not on the path, such as a missing permission, or unclear.
	Elsewhere Stage = ""
)

// Stage returns the stage of the path that has the problem.
func (l Line) Stage() Stage {
	switch l.Code {
	case CodeWorkload, CodeSidecar, CodeSending:
		return AtPod
	case codeSites, codeCertificates, codeCentral, codeCentralPods, codeCentralWaiting:
		return AtSite
	case codeBackEnds, codeSamplers, codeSamplerPods, codeSamplerWaiting:
		return AtStore
	case codeRoles, codeCollectors, codeCollectorPods, codeCollectorWaiting, codeUncovered, codeNoNode:
		return AtCollector
	case codeQueues, codeDisk, codeRefusals, codeMetrics:
		if l.Section != "central" {
			return AtCollector
		}
		if l.Code == codeQueues {
			return AtStore // it waits for one
		}
		return AtSite
	}
	return Elsewhere
}

// causes lists the checks that explain a problem if their own problem is at least as bad; the likeliest is first.
func causes(code string) []string {
	webhook := []string{codeScaled, codeInjectorRoles, codeConfiguration, codeInjectorPods, codeInjector, codeServing, codeSelector, codeBundle, codeService, codePolicy}
	switch code {
	case codeInjector:
		return []string{codeInjectorRoles, codeConfiguration, codeInjectorPods, codeInjectorWaiting}
	case codeServing, codeInjectorWaiting:
		return []string{codeInjectorRoles, codeConfiguration}
	case codeBundle:
		return []string{codeInjectorRoles}
	case codeService:
		return []string{codeScaled, codeInjectorRoles, codeConfiguration, codeInjectorPods, codeInjector}
	case codeReached:
		return webhook
	case codeCollectors:
		return []string{codeRoles, codeCollectorPods, codeCollectorWaiting}
	case codeCollectorWaiting:
		return []string{codeRoles}
	case codeNoNode:
		return []string{codeUncovered}
	case codeCentral:
		return []string{codeCentralPods, codeCentralWaiting}
	case codeSamplers:
		return []string{codeSamplerPods, codeSamplerWaiting}
	case codeSites:
		return []string{codeCentralPods, codeCentral, codeCertificates, codePolicy}
	case codeBackEnds:
		return []string{codeSamplerPods, codeSamplers}
	case codeQueues:
		return []string{codeSites, codeCentral, codeBackEnds, codeDisk}
	case codeRefusals:
		return []string{codeDisk, codeQueues, codeSites, codeBackEnds}
	case codeMetrics:
		return []string{codeCollectorPods, codeCollectors, codeCentral, codePolicy}
	case codeBackup:
		return []string{codeCentralPods, codeCentralWaiting, codeCentral, codeSamplerPods, codeSamplerWaiting, codeSamplers, codeCertificates, codePolicy, codeSites, codeBackEnds, codeDisk, codeQueues, codeMetrics, codeVersions}
	case codeOutOfDate:
		return append(slices.Clone(webhook), codeReached)
	case codeCanary:
		return []string{codeCollectorPods, codeCollectors, codePolicy, codeCentralPods, codeCentral, codeCertificates, codeSites, codeDisk, codeQueues, codeBackEnds}
	}
	return nil
}

// Fold sorts problems first, the worst at the top, and each one after the problem that causes it. Healthy lines follow
// in the order of their sections. A problem with a cause names the cause in Because.
func Fold(lines []Line) []Line {
	lines = slices.Clone(lines)
	worst := map[string]int{}
	for _, line := range lines {
		worst[line.Code] = max(worst[line.Code], line.Status.severity())
	}
	for i := range lines {
		if line := &lines[i]; line.Status.Problem() && line.Because == "" {
			line.Because = root(line.Code, line.Status.severity(), causesOf(*line, lines, worst))
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(b.severity(worst), a.severity(worst)), cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.depth(), b.depth()))
	})
	return lines
}

// ofSite reports whether a line is about the Collectors of a central site.
func (l Line) ofSite() bool { return l.Code == codeCentralPods || l.Code == codeCentral }

// causesOf returns the worst severity of each code among the lines that can explain a line: the Collectors of one site
// do not explain why the other one is not usable.
func causesOf(line Line, lines []Line, worst map[string]int) map[string]int {
	if line.Code != codeSites || line.site == "" {
		return worst
	}
	own := maps.Clone(worst)
	delete(own, codeCentral)
	delete(own, codeCentralPods)
	for _, other := range lines {
		if other.ofSite() && (other.site == "" || other.site == line.site) {
			own[other.Code] = max(own[other.Code], other.Status.severity())
		}
	}
	return own
}

func (s Status) severity() int { return 1 + slices.Index([]Status{Warning, Unknown, Failed}, s) }

// root returns the first cause of a problem that is at least as bad; empty if it has none.
func root(code string, severity int, worst map[string]int) string {
	for _, cause := range causes(code) {
		if worst[cause] >= severity {
			return cmp.Or(root(cause, worst[cause], worst), cause)
		}
	}
	return ""
}

// severity sorts problems; a consequence sorts like its cause.
func (l Line) severity(worst map[string]int) int { return max(l.Status.severity(), worst[l.Because]) }

// rank sorts causes before effects; healthy lines keep their order.
func (l Line) rank() int {
	if !l.Status.Problem() {
		return 0
	}
	return slices.Index(Codes(), cmp.Or(l.Because, l.Code))
}

// depth sorts consequences behind their cause, in the order of the codes.
func (l Line) depth() int {
	if !l.Status.Problem() || l.Because == "" {
		return 0
	}
	return 1 + slices.Index(Codes(), l.Code)
}

// Across adds the failures in a site's cluster to the lines about the unusable site, if that cluster was checked, too.
func Across(lines []Line) []Line {
	lines = slices.Clone(lines)
	for i := range lines {
		line := &lines[i]
		if line.Code != codeSites || line.Status != Failed || line.Because != "" {
			continue
		}
		for _, other := range failuresOf(line.site, lines) {
			place := ""
			if other.Context != line.Context {
				place = "in context " + other.Context + ": "
			}
			line.Seen += "; " + place + other.Seen
			line.Repair = other.Repair
		}
	}
	return lines
}

// failuresOf returns the failures of a site's Collectors. A site with an unknown role counts if it is the only one with
// failures.
func failuresOf(site string, lines []Line) []Line {
	of := func(role string) (found []Line, contexts map[string]bool) {
		contexts = map[string]bool{}
		for _, line := range lines {
			if line.ofSite() && line.Status == Failed && line.Because == "" && line.site == role {
				found, contexts[line.Context] = append(found, line), true
			}
		}
		return found, contexts
	}
	found, _ := of(site)
	if len(found) > 0 && site != "" {
		return found
	}
	if unnamed, contexts := of(""); len(contexts) == 1 {
		return unnamed
	}
	return nil
}
