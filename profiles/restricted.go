package profiles

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/policy"
)

// checkSecurityContext checks the sidecar against the API server's rules: if the sidecar violates one, the API server
// rejects the application's whole pod. The pod's security context is the user's, so the container's must suffice.
func (d *document) checkSecurityContext(c *corev1.SecurityContext) {
	report := func(field, message string) {
		if path := "sidecar.securityContext." + field; !d.Blamed(path) {
			d.Report(path, "%s", message)
		}
	}
	negative := func(id *int64) bool { return id != nil && *id < 0 }
	if negative(c.RunAsUser) {
		report("runAsUser", "must not be negative")
	}
	if negative(c.RunAsGroup) {
		report("runAsGroup", "must not be negative")
	}
	if p := c.SeccompProfile; p != nil && (p.Type == corev1.SeccompProfileTypeLocalhost) != (p.LocalhostProfile != nil && *p.LocalhostProfile != "") {
		report("seccompProfile", "needs a localhostProfile if and only if the type is Localhost")
	}
	if c.WindowsOptions != nil {
		report("windowsOptions", "must be absent, as the sidecar runs on Linux")
	}
	pod := &corev1.PodSpec{Containers: []corev1.Container{{Name: "sidecar", SecurityContext: c}}}
	for _, check := range restrictedChecks() {
		latest := check.Versions[len(check.Versions)-1]
		if result := latest.CheckPod(&metav1.ObjectMeta{}, pod); !result.Allowed {
			field, _, _ := strings.Cut(string(check.ID), "_") // such as capabilities_restricted
			why := strings.TrimPrefix(cmp.Or(result.ForbiddenDetail, result.ForbiddenReason), "pod or ")
			report(field, why+`: PodSecurity "restricted" would refuse the pod`)
		}
	}
}

// restrictedChecks returns the checks of PodSecurity "restricted", without those of "baseline" that it replaces and
// the one for Windows.
func restrictedChecks() []policy.Check {
	checks := policy.DefaultChecks()
	without := []policy.CheckID{"windowsHostProcess"}
	for _, check := range checks {
		without = append(without, check.Versions[len(check.Versions)-1].OverrideCheckIDs...)
	}
	return slices.DeleteFunc(checks, func(check policy.Check) bool { return slices.Contains(without, check.ID) })
}
