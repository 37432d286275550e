package senderidentityprocessor

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	corev1 "k8s.io/api/core/v1"
)

// Resource attributes of the semantic conventions that identify a pod.
const (
	namespaceKey = "k8s.namespace.name"
	nameKey      = "k8s.pod.name"
	uidKey       = "k8s.pod.uid"
	addressKey   = "k8s.pod.ip"
)

// Attributes that the processor writes, and removes if a sender wrote them.
const (
	ownPrefix     = "telepod."
	senderPrefix  = ownPrefix + "sender."
	claimedPrefix = ownPrefix + "claimed."
)

// identityKeys are those that name a pod, also for k8s_attributes, which adds the rest.
var identityKeys = []string{namespaceKey, nameKey, uidKey, addressKey}

// identity returns a pod's value for each key; the address is the given one.
func identity(pod *corev1.Pod, address string) map[string]string {
	return map[string]string{namespaceKey: pod.Namespace, nameKey: pod.Name, uidKey: string(pod.UID), addressKey: address}
}

// claims returns the attributes of a resource that identify its pod.
func claims(resource pcommon.Map) map[string]string {
	var found map[string]string
	for _, key := range identityKeys {
		if value, ok := resource.Get(key); ok {
			if found == nil {
				found = make(map[string]string, len(identityKeys))
			}
			found[key] = value.AsString()
		}
	}
	return found
}

// knownPods is what the check needs to know from Kubernetes.
type knownPods interface {
	at(address string) []*corev1.Pod
	starting(uid string) bool
}

// senderOf returns the pod that sent from an address if the claims are another pod's. It returns nil if they are true, or if
// that is unknown: no pod has the address, or the pod of the claims has none yet and may have just received this one.
func senderOf(pods knownPods, address string, claims map[string]string) *corev1.Pod {
	if len(claims) == 0 {
		return nil
	}
	candidates := pods.at(address)
	for _, pod := range candidates {
		if agree(claims, pod, address) {
			return nil
		}
	}
	if len(candidates) == 0 || pods.starting(claims[uidKey]) {
		return nil
	}
	return candidates[0]
}

func agree(claims map[string]string, pod *corev1.Pod, address string) bool {
	actual := identity(pod, address)
	for key, value := range claims {
		// A pod with two address families may claim its other address.
		if actual[key] != value && (key != addressKey || !slices.Contains(addresses(pod), value)) {
			return false
		}
	}
	return true
}

// report adds who sent a resource, and leaves its claims.
func report(resource pcommon.Map, sender *corev1.Pod) {
	resource.PutStr(senderPrefix+namespaceKey, sender.Namespace)
	resource.PutStr(senderPrefix+nameKey, sender.Name)
}

// enforce replaces the claims of a resource, and keeps them under other names.
func enforce(resource pcommon.Map, sender *corev1.Pod, address string, claims map[string]string) {
	for key, value := range claims {
		resource.PutStr(claimedPrefix+key, value)
	}
	for key, value := range identity(sender, address) {
		if _, claimed := claims[key]; claimed || key != addressKey {
			resource.PutStr(key, value)
		}
	}
}

// removeOwn removes attributes that only this processor writes.
func removeOwn(resource pcommon.Map) {
	resource.RemoveIf(func(key string, _ pcommon.Value) bool {
		return strings.HasPrefix(key, senderPrefix) || strings.HasPrefix(key, claimedPrefix)
	})
}
