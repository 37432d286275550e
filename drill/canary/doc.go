// Package canary encodes the canaries of a drill as OTLP and finds them in the archive: [Request] builds an
// export request, and [Archives] reads the canaries back.
//
// A canary is a trace with a single span, from the service [Service]. The span's attributes contain the
// canary's number, and sampling.priority, so that regions that sample do not drop it.
package canary
