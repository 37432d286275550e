// Package layout plans a test cluster: its addresses, and each machine's programs, flags and files. It is
// pure: a [Spec] and an index in, [Machine] values out. Package supervisor executes the plan for package
// cluster.
package layout
