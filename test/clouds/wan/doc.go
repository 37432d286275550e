// Package wan is the network between the clouds of a test: TCP links with a length, which count what
// they carry and can break.
//
// A [Link] listens on an address of this machine and passes connections on to a target. What it reads
// it delivers after half of the round trip, in order; a new connection costs one round trip more.
// [Link.Cut] refuses and ends connections, as a machine does whose process is gone; [Link.Swallow]
// takes everything and passes nothing on, as a broken path does; [Link.Restore] ends both.
//
// It knows nothing of clusters or telemetry, and does not limit bandwidth.
package wan
