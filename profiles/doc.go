// Package profiles holds what can be injected: named, inheritable data.
//
// It loads profiles strictly (every mistake of a file is reported at once, with file, path and a
// suggestion), resolves inheritance, fills in the facts of the cluster and hands out an immutable
// Set. The profiles aws, gcp, azure and base are embedded.
//
// It does not decide whether a pod is injected nor what the edits are (package injector), does not
// watch files (package webhook), and knows no Kubernetes client.
package profiles
