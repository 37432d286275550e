package fleet

import (
	"fmt"
	"strings"
)

// Template is information from a workload's own object that its pods do not show.
type Template struct {
	// Injected: the pod template has telepod.dev/status, so the webhook does not change its pods.
	Injected bool
	// Paused: the Deployment is paused.
	Paused bool
	// OnDelete: pods are replaced only after they are deleted by hand.
	OnDelete bool
}

// Repair describes how to update the pods of a workload. Either part may be empty.
type Repair struct {
	// Command is for a shell.
	Command string `json:"command,omitempty"`
	// Note is additional information or a manual step.
	Note string `json:"note,omitempty"`
}

// RepairOf returns the repair of a workload in a state. The states Current and Outside need none. Flags, if not empty,
// start with a space and select the cluster in commands.
func RepairOf(id Identity, state State, template Template, flags string) Repair {
	kind := strings.ToLower(id.Kind)
	restart := fmt.Sprintf("kubectl%s -n %s rollout restart %s/%s", flags, id.Namespace, kind, id.Name)
	switch {
	case !state.Problem():
		return Repair{}
	case state == Refused:
		return Repair{Note: "correct the annotation in the manifest before any restart"}
	case template.Injected:
		return Repair{Note: "its manifest was injected by 'telepod inject': inject the original again, and apply the result; a restart has no effect"}
	}
	switch id.Kind {
	case "Deployment":
		if template.Paused {
			return Repair{restart, "its rollout is paused: kubectl rollout resume first"}
		}
		return Repair{Command: restart}
	case "StatefulSet", "DaemonSet":
		if template.OnDelete {
			return Repair{restart, "its update strategy is OnDelete: delete its pods one by one after that"}
		}
		return Repair{Command: restart}
	case "Rollout":
		return Repair{Command: fmt.Sprintf("kubectl argo rollouts%s -n %s restart %s", flags, id.Namespace, id.Name)}
	case "CronJob":
		return Repair{Note: "its next run is injected with the current profile"}
	case "Job":
		return Repair{Note: "a running Job is not changed; the next one is injected with the current profile"}
	case "ReplicaSet", "ReplicationController":
		return Repair{Note: "delete its pods one by one; it replaces them"}
	case "Pod":
		return Repair{Note: "no controller recreates it: delete it and apply its manifest"}
	}
	return Repair{Note: "restart it with the tool that manages " + id.Kind + " objects"}
}
