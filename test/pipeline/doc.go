// Package pipeline runs regional and central Collectors as processes, breaks them, and counts what is lost.
// It needs Linux: each process has its own loopback address, so that all can use the usual ports. It does not
// use Kubernetes.
//
//	Load ──OTLP──▶ region ──mTLS──▶ Link ──▶ primary ─┐
//	                      └───────▶ Link ──▶ backup  ─┴─▶ Link ──▶ test/backends
//
// [Plant] is the complete rig: directories, addresses, certificates, back ends. [Plant.Region] and
// [Plant.Central] create Collectors from the chart as Helm renders it, unmodified: processes differ by their
// environment, as pods do.
//
// [Node] is one Collector: kill it, freeze it, restart it, read its metrics. [Link] is the path of a TCP
// connection, which can be cut (connections are refused) or swallow everything.
//
// [Load] describes what is sent: spans, metrics and logs with sequence numbers. A [Sender] records which were
// acknowledged; [Backends.Drain] compares that with what the back ends received.
package pipeline
