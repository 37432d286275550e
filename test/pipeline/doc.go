// Package pipeline runs the regional and the central Collectors as processes, breaks them, and
// counts what was lost.
//
//		Load ──OTLP──▶ region ──mTLS──▶ Link ──▶ primary ─┐
//		                      └───────▶ Link ──▶ backup  ─┴─▶ Link ──▶ test/backends
//
//	  - [Plant] is the whole of it: directories, addresses on loopback, certificates, back ends.
//	    [Plant.Region] and [Plant.Central] start a Collector from a configuration, which is taken
//	    as it is: everything that differs between processes is in the environment, as in the chart.
//	  - [Node] is one Collector: kill it, freeze it, start it again, read its metrics.
//	  - [Link] is a TCP connection's path, which can be cut (refused) or swallow everything.
//	  - [Load] sends spans, metrics and logs with sequence numbers, and knows which ones were
//	    acknowledged; [Plant.Outcome] compares that with what the back ends received.
//
// The package knows nothing of Kubernetes. It needs Linux: each process has a loopback address of
// its own, so that all of them use the usual ports.
package pipeline
