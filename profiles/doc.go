// Package profiles defines what can be injected: named, inheritable data.
//
// It loads profiles strictly (all mistakes in all files are reported together, with file, line, path
// and a suggestion), resolves inheritance, fills in the facts of the cluster and returns an
// immutable Set. The profiles aws, gcp, azure and base are embedded.
//
//	bytes → parse (document.go) → strict decoding (package strict) → check each (check*.go)
//	      → merge with ancestors and facts (resolve.go) → check the result (check_resolved.go) → Set
//
// It does not decide whether a pod is injected or plan the edits (package injector), does not
// watch files (package webhook), and does not use a Kubernetes client.
package profiles

//go:generate go test -run TestDocs -update .
