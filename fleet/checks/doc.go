// Package checks judges an installation of Telepod in a cluster: what works, what does not, and the command that
// repairs it.
//
// Pure: [Snapshot] is what was read, [Snapshot.Lines] is what that means, and [Fold] puts causes before their effects.
// Package inventory reads. What could not be read is never taken for healthy, nor for broken: its status is unknown.
package checks
