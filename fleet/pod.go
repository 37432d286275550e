package fleet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/telepod/telepod/injector"
)

// Pod is a pod of a running cluster.
type Pod struct {
	*injector.Pod
	Created time.Time
	// Ended is true for a pod that has terminated, or is being deleted: it needs no restart.
	Ended     bool
	Condition Condition
	// Node is the name of its node; empty while it is unscheduled. HostPorts are its host ports.
	Node      string
	HostPorts []int32
	// Address and NodeAddress are IP addresses of the pod and its node; empty while they are unknown.
	Address, NodeAddress string
	// Unready maps the names of containers that are not ready to reasons, which may be empty. A container without a status
	// has the reason [NoStatus].
	Unready map[string]string
	// NodeIPv6 is true if the address of the pod's node is known, and is an IPv6 address.
	NodeIPv6 bool
}

// ReadPod reads a pod as the API server returns it.
func ReadPod(raw []byte) (*Pod, error) {
	parsed, err := injector.ParsePod(raw)
	if err != nil {
		return nil, err
	}
	var rest struct {
		Metadata struct {
			CreationTimestamp time.Time
			DeletionTimestamp *time.Time
		}
		Spec struct {
			NodeName   string
			Containers []struct {
				Ports []struct{ HostPort int32 }
			}
		}
		Status podStatus
	}
	if err := json.Unmarshal(raw, &rest); err != nil {
		return nil, fmt.Errorf("decode pod %s/%s: %w", parsed.Metadata.Namespace, parsed.Metadata.Name, err)
	}
	var hostPorts []int32
	for _, c := range rest.Spec.Containers {
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				hostPorts = append(hostPorts, p.HostPort)
			}
		}
	}
	names := containerNames(parsed)
	statuses := slices.Concat(rest.Status.InitContainerStatuses, rest.Status.ContainerStatuses)
	return &Pod{
		Pod: parsed, Created: rest.Metadata.CreationTimestamp, Node: rest.Spec.NodeName, HostPorts: hostPorts, NodeIPv6: isIPv6(rest.Status.HostIP),
		Condition: rest.Status.condition(rest.Metadata.DeletionTimestamp != nil), Address: rest.Status.PodIP, NodeAddress: rest.Status.HostIP, Unready: unready(names, statuses),
		Ended: rest.Metadata.DeletionTimestamp != nil || rest.Status.Phase == "Succeeded" || rest.Status.Phase == "Failed",
	}, nil
}

// NoStatus is the reason of a container that no node has started yet.
const NoStatus = "it has not started yet"

func containerNames(p *injector.Pod) (names []string) {
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		names = append(names, c.Name)
	}
	return names
}

// unready returns the containers that are not ready or have no status, with the reason.
func unready(names []string, all []containerStatus) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		found[name] = NoStatus
	}
	for _, s := range all {
		delete(found, s.Name)
		if !s.Ready {
			found[s.Name] = cmp.Or(s.State.Waiting.Reason, s.State.Terminated.Reason)
		}
	}
	return found
}

// Injection returns the pod's record of its injection; injected is false if there is none, or it cannot be parsed.
func (p *Pod) Injection() (status injector.Status, injected bool) {
	status, found, readable := p.status()
	return status, found && readable
}

// status returns the content of the pod's annotation; found is false without one.
func (p *Pod) status() (status injector.Status, found, readable bool) {
	text, found := p.Metadata.Annotations[injector.StatusAnnotation]
	if !found {
		return status, false, false
	}
	err := json.Unmarshal([]byte(text), &status)
	return status, true, err == nil && status.Profile != ""
}

// Fresh returns the pod as it would be created now: without the annotation of its injection.
func (p *Pod) Fresh() *injector.Pod {
	pod := *p.Pod
	pod.Metadata.Annotations = without(pod.Metadata.Annotations, injector.StatusAnnotation)
	return &pod
}

func without(values map[string]string, key string) map[string]string {
	kept := make(map[string]string, len(values))
	for k, v := range values {
		if k != key {
			kept[k] = v
		}
	}
	return kept
}
