package profiles

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// checkSecurityContext checks the sidecar against PodSecurity "restricted"
// (https://kubernetes.io/docs/concepts/security/pod-security-standards), since a sidecar that
// does not pass has the API server reject the application's whole pod. The pod's own security
// context is the user's, so the container's must suffice.
func (d *document) checkSecurityContext(c *corev1.SecurityContext) {
	isTrue := func(b *bool) bool { return b != nil && *b }
	rules := []struct {
		field string
		ok    bool
		want  string
	}{
		{"privileged", !isTrue(c.Privileged), "must not be true"},
		{"allowPrivilegeEscalation", c.AllowPrivilegeEscalation != nil && !*c.AllowPrivilegeEscalation, "must be false"},
		{"runAsNonRoot", isTrue(c.RunAsNonRoot), "must be true"},
		{"runAsUser", c.RunAsUser == nil || *c.RunAsUser > 0, "must be above 0"},
		{"runAsGroup", c.RunAsGroup == nil || *c.RunAsGroup >= 0, "must not be negative"},
		{"capabilities.drop", c.Capabilities != nil && slices.Contains(c.Capabilities.Drop, "ALL"), "must list ALL"},
		{"capabilities.add", c.Capabilities == nil || onlyBindService(c.Capabilities.Add), "may list NET_BIND_SERVICE only"},
		{"seccompProfile", restrictedSeccomp(c.SeccompProfile), "must be of type RuntimeDefault, or Localhost with a localhostProfile"},
		{"appArmorProfile", c.AppArmorProfile == nil || c.AppArmorProfile.Type == corev1.AppArmorProfileTypeRuntimeDefault ||
			c.AppArmorProfile.Type == corev1.AppArmorProfileTypeLocalhost, "must be of type RuntimeDefault or Localhost"},
		{"seLinuxOptions", restrictedSELinux(c.SELinuxOptions), "may have no user or role, and of types only container_t, container_init_t, container_kvm_t and container_engine_t"},
		{"procMount", c.ProcMount == nil || *c.ProcMount == corev1.DefaultProcMount, "must be Default"},
		{"windowsOptions", c.WindowsOptions == nil, "must be absent, as the sidecar runs on Linux"},
	}
	for _, rule := range rules {
		path := "sidecar.securityContext." + rule.field
		if !rule.ok && !d.Blamed(path) {
			d.Report(path, "%s: PodSecurity \"restricted\" would refuse the pod", rule.want)
		}
	}
}

func onlyBindService(added []corev1.Capability) bool {
	return !slices.ContainsFunc(added, func(c corev1.Capability) bool { return c != "NET_BIND_SERVICE" })
}

func restrictedSeccomp(p *corev1.SeccompProfile) bool {
	switch {
	case p == nil:
		return false
	case p.Type == corev1.SeccompProfileTypeLocalhost:
		return p.LocalhostProfile != nil && *p.LocalhostProfile != ""
	default:
		return p.Type == corev1.SeccompProfileTypeRuntimeDefault && p.LocalhostProfile == nil
	}
}

func restrictedSELinux(o *corev1.SELinuxOptions) bool {
	types := []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
	return o == nil || o.User == "" && o.Role == "" && slices.Contains(types, o.Type)
}
