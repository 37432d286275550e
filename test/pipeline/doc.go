// Package pipeline runs regional and central Collectors as processes, breaks them, and counts lost data. It
// needs Linux: each process has its own loopback address, so all can use the usual ports. Few tests use
// Kubernetes, and only a control plane.
//
//	Load ──OTLP──▶ region ──mTLS──▶ Link ──▶ primary ─┐
//	                      └───────▶ Link ──▶ backup  ─┴─▶ Link ──▶ test/backends
//
// [Plant] contains directories, addresses, certificates and back ends. [Plant.Region] and
// [Plant.Central] create Collectors from the chart, as Helm renders it. Processes differ by their environment,
// as pods do.
//
// [Node] is one Collector: kill it, freeze it, restart it, read its metrics. [Link] is the path of a TCP
// connection, which can be cut (connections are refused) or swallow everything.
//
// [Load] describes what to send: spans, metrics and logs with sequence numbers. A [Sender] records which were
// acknowledged; [Backends.Drain] compares them with what the back ends received.
package pipeline
