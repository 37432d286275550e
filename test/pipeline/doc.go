// Package pipeline runs the regional and the central Collectors as processes, breaks them, and
// counts what was lost. It needs Linux: each process has a loopback address of its own, so that all
// of them use the usual ports. It knows nothing of Kubernetes.
//
//	Load ──OTLP──▶ region ──mTLS──▶ Link ──▶ primary ─┐
//	                      └───────▶ Link ──▶ backup  ─┴─▶ Link ──▶ test/backends
//
// [Plant] is the whole of it: directories, addresses, certificates, back ends. [Plant.Region] and
// [Plant.Central] make Collectors of what Helm renders from the chart, taken as it is: what differs
// between processes is in the environment, as between pods.
//
// [Node] is one Collector: kill it, freeze it, start it again, read its metrics. [Link] is a TCP
// connection's path, which can be cut (refused) or swallow everything.
//
// [Load] is what is sent: spans, metrics and logs with sequence numbers. A [Sender] knows which ones
// were acknowledged; [Backends.Drain] compares that with what the back ends received.
package pipeline
