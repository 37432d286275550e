// Package checks judges an installation of Telepod in a cluster: what works, what does not, and the command that
// repairs it.
//
// It is pure: [Snapshot] is the input, [Snapshot.Lines] the verdict, and [Fold] puts causes before their effects.
// Package inventory reads the cluster. Anything that could not be read is neither healthy nor broken: its status is unknown.
package checks
