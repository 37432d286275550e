// Package checks judges an installation of Telepod in a cluster: what works, what does not, and the command that
// repairs it.
//
// Pure: [Snapshot] is what was read, and [Snapshot.Lines] is what that means. Package inventory reads it. What could not be
// read is never taken for healthy, nor for broken: its status is unknown.
package checks
