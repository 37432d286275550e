// Package canary is the form that the canaries of a drill have in OTLP, and their way out of the
// archive: [Request] makes what a Collector takes, [Archives] finds them again.
//
// A canary is a trace of one span, of the service [Service]. Its number is in attributes, and so is
// sampling.priority, which keeps regions that sample from dropping it.
package canary
