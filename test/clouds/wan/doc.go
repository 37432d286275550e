// Package wan simulates the network between the clouds of a test: TCP links with delay, which count bytes and can break.
//
// A [Link] listens on an address of this machine and forwards connections to a target. It delivers data after half a
// round trip, in order; a new connection costs one more round trip. [Link.Cut] closes and refuses connections, like a
// machine on which the process is not running; [Link.Swallow] accepts data and forwards nothing, like a broken path; [Link.Restore]
// ends both.
//
// It does not use clusters or telemetry, and does not limit bandwidth.
package wan
