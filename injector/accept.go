package injector

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/telepod/telepod/profiles"
)

// acceptEndpoint accepts the endpoints that an OTLP exporter can use with this profile: node, service, sidecar or a URL.
func acceptEndpoint(profile *profiles.Resolved) func(string) (string, string) {
	return func(value string) (problem, nearest string) {
		names := []string{profiles.EndpointNode, profiles.EndpointService, profiles.EndpointSidecar}
		switch {
		case value == profiles.EndpointService && profile.OTLP.ServiceHost == "":
			return "profile " + profile.Name + " does not set otlp.serviceHost", ""
		case slices.Contains(names, value):
			return "", ""
		}
		if !strings.Contains(value, "://") {
			return "use node, service, sidecar or a URL such as http://collector:4317", near(value, names)
		}
		if problem := profiles.EndpointProblem(value); problem != "" {
			return "it " + problem, ""
		}
		return "", ""
	}
}

func acceptImage(value string) (problem, nearest string) {
	if !profiles.ValidImage(value) {
		return "it is not an image reference", ""
	}
	return "", ""
}

func acceptQuantity(value string) (problem, nearest string) {
	q, err := resource.ParseQuantity(value)
	if err != nil || q.Sign() <= 0 {
		return "it is not a positive quantity such as 50m or 64Mi", ""
	}
	return "", ""
}
