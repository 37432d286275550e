// Package runtime is the module of the container runtime: containerd with its shim and
// client, and the network plugins, all as tools of go.mod. It has no code of its own.
package runtime
