// Package layout plans a test cluster: who gets which address, which programs run where,
// with which flags and files. It is pure: a [Spec] and an index in, [Machine] values out.
// Package supervisor carries the plan out, package cluster asks for it.
package layout
