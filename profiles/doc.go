// Package profiles defines what can be injected: named, inheritable data.
//
// It loads profiles strictly (every mistake of every file is reported at once, with file, line, path
// and a suggestion), resolves inheritance, fills in the facts of the cluster and hands out an
// immutable Set. The profiles aws, gcp, azure and base are embedded.
//
//	bytes → parse (document.go) → strict decoding (strict.go) → check each (check*.go)
//	      → merge with ancestors and facts (resolve.go) → check the whole (check_resolved.go) → Set
//
// It does not decide whether a pod is injected nor what the edits are (package injector), does not
// watch files (package webhook), and knows no Kubernetes client.
package profiles

//go:generate go test -run TestDocs -update .
