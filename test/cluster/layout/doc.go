// Package layout plans a test cluster: its addresses, and each machine's programs, flags and files. It does
// no I/O: it turns a [Spec] and an index into [Machine] values. Package supervisor executes the plan for
// package cluster.
package layout
