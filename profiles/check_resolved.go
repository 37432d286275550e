package profiles

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/telepod/telepod/strict"
)

// checkResolved reports mistakes that only appear together with inherited fields. Ancestors with mistakes are
// not resolved, so every mistake found here is in this document.
func (d *document) checkResolved(r *Resolved) {
	d.checkResolvedOTLP(r)
	d.checkReferences(r)
	d.checkResolvedSidecar(r)
}

// nodeAddress is the variable that the endpoint node uses.
const nodeAddress = "K8S_NODE_IP"

func (d *document) checkResolvedOTLP(r *Resolved) {
	o := r.OTLP
	if o.Endpoint == "" {
		d.Report("otlp.endpoint", "is missing: set it, or inherit base")
	}
	if o.Protocol == "" {
		d.Report("otlp.protocol", "is missing: set it, or inherit base")
	}
	if (o.Endpoint == EndpointService || o.Endpoint == EndpointSidecar) && o.ServiceHost == "" {
		d.Report("otlp.serviceHost", "is missing: the endpoint %s needs it", o.Endpoint)
	}
	if o.Endpoint == EndpointNode && indexOf(r.Variables, nodeAddress) < 0 {
		d.Report("variables", "%s is missing: the endpoint node uses it (fieldRef status.hostIP)", nodeAddress)
	}
	if want := ProtocolOf(o.Endpoint); want != "" && want != o.Protocol && !d.Blamed("otlp.protocol") {
		d.Report("otlp.endpoint", "%q has the port of %s, but otlp.protocol is %s: make them agree", o.Endpoint, want, o.Protocol)
	}
}

// ProtocolOf returns the conventional protocol for a URL's port (OTLP specification), or "".
func ProtocolOf(endpoint string) string {
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return map[string]string{
		strconv.Itoa(conventionalGRPCPort): ProtocolGRPC,
		strconv.Itoa(conventionalHTTPPort): ProtocolHTTP,
	}[parsed.Port()]
}

// checkReferences checks the variables in the order in which a container gets them. Kubernetes does not
// replace a $(NAME) that is not defined earlier, so backends would receive it as text.
func (d *document) checkReferences(r *Resolved) {
	known := d.checkValues("variables", r.Variables, Derived())
	for key, value := range r.ResourceAttributes {
		d.checkReference(strict.At("resourceAttributes", key), value, known)
	}
	for _, v := range r.Sidecar.Env {
		if indexOf(r.Variables, v.Name) >= 0 {
			d.Report(d.pathOf("sidecar.env", v.Name)+".name", "%s is already in variables, which the sidecar gets too: rename one", v.Name)
		}
	}
	d.checkValues("sidecar.env", r.Sidecar.Env, known)
}

// checkValues returns the known names plus those in the list.
func (d *document) checkValues(list string, resolved []corev1.EnvVar, known []string) []string {
	for i, v := range resolved {
		path := d.pathOf(list, v.Name) + ".value"
		for _, name := range references(v.Value) {
			if indexOf(resolved[i:], name) >= 0 {
				d.Report(path, "refers to $(%s), which is not yet defined there: define it before %s", name, v.Name)
			}
		}
		d.checkReference(path, v.Value, slices.Concat(known, namesOf(resolved[i:])))
		known = append(known, v.Name)
	}
	return known
}

func (d *document) checkReference(path, value string, known []string) {
	for _, name := range references(value) {
		if !slices.Contains(known, name) {
			d.Report(path, "refers to $(%s), which is not a variable of this profile%s; write $$(%s) for the literal text",
				name, DidYouMean(name, known), name)
		}
	}
}

// pathOf returns the path of a variable in this document, or of the list if it is inherited.
func (d *document) pathOf(list, name string) string {
	variables := d.Variables
	if list == "sidecar.env" {
		variables = d.Sidecar.Env
	}
	if i := indexOf(variables, name); i >= 0 {
		return fmt.Sprintf("%s[%d]", list, i)
	}
	return list
}

// indexOf returns the position of a variable, or -1.
func indexOf(list []corev1.EnvVar, name string) int {
	return slices.IndexFunc(list, func(v corev1.EnvVar) bool { return v.Name == name })
}

func namesOf(list []corev1.EnvVar) []string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = v.Name
	}
	return names
}

// checkResolvedSidecar requires a sidecar to be complete if it is described at all, because an annotation can
// request it on any pod.
func (d *document) checkResolvedSidecar(r *Resolved) {
	s := r.Sidecar
	described := s
	described.Enabled = nil
	wanted := (s.Enabled != nil && *s.Enabled) || r.OTLP.Endpoint == EndpointSidecar
	if !wanted && reflect.DeepEqual(described, Sidecar{}) {
		return
	}
	if s.Image == "" {
		d.Report("sidecar.image", "is missing: set it, or inherit base")
	}
	if s.Config == "" {
		d.Report("sidecar.config", "is missing: set it, or inherit base")
	}
	if s.SecurityContext == nil {
		d.Report("sidecar.securityContext", "is missing: set it, or inherit base")
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if _, ok := s.Resources.Requests[name]; !ok {
			d.Report("sidecar.resources.requests."+string(name), "is missing: a HorizontalPodAutoscaler on the pod would stop working")
		}
	}
	d.checkLimits(s.Resources)
	d.checkGate(s)
}

func (d *document) checkLimits(resources corev1.ResourceRequirements) {
	for name, limit := range resources.Limits {
		request, ok := resources.Requests[name]
		limits, requests := "sidecar.resources.limits."+string(name), "sidecar.resources.requests."+string(name)
		if !ok || limit.Cmp(request) >= 0 || d.Blamed(limits) || d.Blamed(requests) {
			continue
		}
		if d.Has(limits) {
			d.Report(limits, "%s is below the request of %s", limit.String(), request.String())
		} else {
			d.Report(requests, "%s is above the inherited limit of %s: raise sidecar.resources.limits.%s too", request.String(), limit.String(), name)
		}
	}
}
