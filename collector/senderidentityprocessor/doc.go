// Package senderidentityprocessor compares what a pod claims about itself with what Kubernetes knows.
//
// A sender writes k8s.namespace.name, k8s.pod.name and k8s.pod.uid itself, so any pod can write another one's. This
// processor watches the pods of its node, or of the cluster, and looks up the address of the connection. It reports or
// replaces a claim only if the address identifies a running pod and the claim is another pod's. It adds nothing to
// resources without claims: k8s_attributes does that. It checks neither service names nor the pods' owners.
package senderidentityprocessor
