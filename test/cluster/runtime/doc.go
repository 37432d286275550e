// Package runtime is the module of the container runtime: containerd with its shim and
// client, and the network plugins, all as tools in go.mod. It contains no code.
package runtime
