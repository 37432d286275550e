package injector

import (
	"strings"

	"github.com/telepod/telepod/profiles"
)

// signal is a kind of telemetry that can have its own endpoint and protocol. The path is that of OTLP over
// HTTP (OTLP specification), which SDKs append only to the general endpoint. A signal without a path gets no
// endpoint.
type signal struct{ endpoint, protocol, path string }

func signals() [4]signal {
	return [...]signal{
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "/v1/traces"},
		{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "/v1/metrics"},
		{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "/v1/logs"},
		{"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROFILES_PROTOCOL", ""},
	}
}

// addDestination sets the endpoint and the protocol, which must match. The first row that applies wins.
//
//	the container sets its endpoint                     nothing: user-pair
//	it sets a signal's endpoint without its protocol    nothing: a general protocol would change it
//	it sets its protocol                                the matching endpoint
//	otherwise                                           endpoint and protocol
//
// A signal with a protocol other than the general one gets its own endpoint.
func (e *containerEnv) addDestination() {
	if reason, ok := e.destination(); !ok {
		e.plan.skip(e.target.Name, otelEndpoint, reason)
		if !e.userSets(otelProtocol) {
			e.plan.skip(e.target.Name, otelProtocol, reason)
		}
		e.remark(reason)
	}
}

// destination adds the variables, or returns the reason for not doing so.
func (e *containerEnv) destination() (Reason, bool) {
	if reason, ok := e.free(otelEndpoint); !ok {
		if reason == UserDefined {
			reason = UserPair
		}
		return reason, false
	}
	protocol, reason, ok := e.userProtocol(otelProtocol)
	if !ok {
		return reason, false
	}
	fixed := protocol != ""
	if !fixed && e.signalWithoutProtocol() {
		return UserPair, false
	}
	if !fixed {
		protocol = e.plan.Settings.Protocol.Value
		if reason, ok := e.free(otelProtocol); !ok && !e.userSets(otelProtocol) {
			return reason, false
		}
	}
	to, ok := e.endpointBy(protocol)
	if !ok {
		return UserPair, false
	}
	if _, ok := e.insertIndex(to.refs); !ok {
		return MissingReference, false
	}
	e.add(to)
	if !e.userSets(otelProtocol) && !fixed {
		e.add(e.protocol)
	}
	e.addSignals(protocol)
	return "", true
}

// userProtocol returns the protocol in a variable of the container; "" if unset. It returns false if the
// protocol cannot be determined, or Telepod has no endpoint for it.
func (e *containerEnv) userProtocol(name string) (protocol string, reason Reason, ok bool) {
	at, set := e.userIndex[name]
	switch {
	case !set && e.sources.may(name):
		return "", EnvFrom, false
	case !set:
		return "", "", true
	case e.userVars[at].Sourced || strings.Contains(e.userVars[at].Value, "$("):
		return "", ValueFrom, false
	}
	switch protocol = strings.TrimSpace(e.userVars[at].Value); protocol {
	case "":
		// SDKs treat it as unset, and then use the specification's default.
		return profiles.ProtocolHTTP, "", true
	case profiles.ProtocolGRPC, profiles.ProtocolHTTP:
		return protocol, "", true
	case "http/json":
		return profiles.ProtocolHTTP, "", true // the same port
	}
	return "", UserPair, false
}

// signalWithoutProtocol reports whether the container sets a signal's endpoint without its protocol. The
// signal then uses the SDK's default, and a general protocol would change that.
func (e *containerEnv) signalWithoutProtocol() bool {
	for _, s := range signals() {
		if e.sets(s.endpoint) && !e.sets(s.protocol) {
			return true
		}
	}
	return false
}

// sets reports whether the container sets the variable, in env or a known envFrom.
func (e *containerEnv) sets(name string) bool { return e.userSets(name) || e.sources.has(name) }

// endpointBy returns the endpoint for a protocol. A URL has one protocol; node, service and sidecar have a
// port for each.
func (e *containerEnv) endpointBy(protocol string) (*EnvVar, bool) {
	to := e.destinationOf(e.target)
	switch {
	case protocol == e.plan.Settings.Protocol.Value:
		return e.endpointFor(e.target), true
	case strings.Contains(to.Value, "://"):
		return nil, false
	}
	return expression(otelEndpoint, e.url(to.Value, protocol), "endpoint "+to.Value+", for the container's own protocol"), true
}

// addSignals adds endpoints for the signals with a protocol other than the general one.
func (e *containerEnv) addSignals(general string) {
	for _, s := range signals() {
		if s.path == "" {
			continue
		}
		protocol, reason, ok := e.userProtocol(s.protocol)
		switch {
		case ok && (protocol == "" || protocol == general), e.sets(s.endpoint):
			continue
		case !ok:
			e.plan.skip(e.target.Name, s.endpoint, reason)
			continue
		}
		general, ok := e.endpointBy(protocol)
		if !ok {
			e.plan.skip(e.target.Name, s.endpoint, UserPair)
			continue
		}
		url := general.Value
		if protocol == profiles.ProtocolHTTP {
			url = strings.TrimSuffix(url, "/") + s.path
		}
		e.add(expression(s.endpoint, url, "for the container's own protocol of this signal"))
	}
}

// remark reports to the pod's owner why a container gets no endpoint.
func (e *containerEnv) remark(reason Reason) {
	switch {
	case reason == ConfigFile:
		e.plan.remark(e.target.Name, otelEndpoint, reason)
	case reason == ExcludedVariable, e.given(otelEndpoint), e.disabled():
		return
	}
	for _, s := range signals() {
		if s.path != "" && e.given(s.endpoint) {
			return
		}
	}
	if reason != ConfigFile {
		e.plan.silent(e.target.Name, reason)
	}
}

// disabled reports whether the container switches its SDK off.
func (e *containerEnv) disabled() bool {
	at, ok := e.userIndex[otelDisabled]
	return ok && strings.EqualFold(e.userVars[at].Value, "true")
}
