// Package injector decides whether a pod is injected and plans what changes.
//
//	Decide   whether: labels and annotations of pod and namespace give a Decision with a Reason
//	settings what the annotations and the profile ask for, each with its origin
//	Plan     the typed edits, what was left out and why, and warnings for the user
//	views    of one plan: JSON Patch (Operations, AppendPatch), typed pod (Apply), text (Explain)
//
// Everything here is a pure function of its arguments: no client, no clock, no I/O. Package
// profiles supplies the data; package webhook carries plans over the wire; the command line prints
// them.
package injector
