package injector

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/telepod/telepod/profiles"
)

// SidecarName is the name of the Collector's container in a pod.
const SidecarName = "telepod-collector"

// maxDetected is how long a key or an encoded value may be for the Collector's env detector. The Collector
// stops if one has more than 256 characters (0.158.0).
const maxDetected = 255

// Variables that only the sidecar gets.
const (
	sidecarConfig    = "TELEPOD_SIDECAR_CONFIG"
	sidecarExporter  = "TELEPOD_EXPORTER"
	sidecarExport    = "TELEPOD_EXPORT_ENDPOINT"
	sidecarDetectors = "TELEPOD_DETECTORS"
)

// AddedSidecar is the Collector's container: the part that depends only on the profile, encoded once, and
// the variables of this pod.
type AddedSidecar struct {
	spec    corev1.Container // without Env
	encoded []byte           // spec as JSON
	env     []*EnvVar
	native  bool
}

// Typed returns the container as an API object.
func (s *AddedSidecar) Typed() corev1.Container {
	c := *s.spec.DeepCopy()
	for _, v := range s.env {
		c.Env = append(c.Env, v.EnvVar)
	}
	return c
}

func (s *AddedSidecar) appendJSON(dst []byte) []byte {
	dst = append(dst, s.encoded[:len(s.encoded)-1]...)
	dst = append(dst, `,"env":`...)
	for i, v := range s.env {
		dst = append(append(dst, separator(i)), v.json...)
	}
	return append(dst, "]}"...)
}

// startupCommand succeeds when the Collector accepts connections, or has failed to for too long: the supervisor in
// Telepod's image decides.
var startupCommand = []string{"/collector-supervisor", "probe", "-startup"}

// The kubelet restarts the sidecar after this many failures of its startup probe, one a second. The supervisor makes the
// probe succeed after 2 minutes at the latest.
const startupFailures = 180

// sidecarSpec returns the container of a profile. It has no readiness probe, and no startup probe by default: a failing
// Collector must neither keep the application from starting nor remove the pod from its Services. Its probes are
// commands, because a service mesh with strict mTLS refuses the kubelet's HTTP requests.
func sidecarSpec(profile *profiles.Resolved, native bool) *AddedSidecar {
	p := profile.Sidecar
	probe := func(command []string, period, failures int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:     corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}},
			PeriodSeconds:    period,
			TimeoutSeconds:   5,
			FailureThreshold: failures,
		}
	}
	spec := corev1.Container{
		Name:                     SidecarName,
		Image:                    p.Image,
		ImagePullPolicy:          p.ImagePullPolicy,
		Args:                     []string{"--config=env:" + sidecarConfig},
		Resources:                p.Resources,
		SecurityContext:          p.SecurityContext,
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
	if len(p.ProbeCommand) > 0 {
		spec.LivenessProbe = probe(p.ProbeCommand, 15, 4)
	}
	if native {
		spec.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		switch gated := p.GateStartup != nil && *p.GateStartup; {
		case gated && len(p.ProbeCommand) > 0:
			spec.StartupProbe = probe(p.ProbeCommand, 1, 60)
		case gated:
			spec.StartupProbe = probe(startupCommand, 1, startupFailures)
		}
	}
	return encodeSidecar(spec, native)
}

func encodeSidecar(spec corev1.Container, native bool) *AddedSidecar {
	encoded, err := json.Marshal(spec)
	if err != nil {
		panic(err) // API types: cannot fail
	}
	return &AddedSidecar{spec: spec, encoded: encoded, native: native}
}
