// Package failoverexporter is the Collector exporter otlp_failover: it sends traces, metrics and logs over
// OTLP/HTTP to the first endpoint that accepts them, of an ordered list of endpoints that are replicas of each
// other.
//
// Data is encoded once, before the queue. What exporterhelper queues, batches and retries are encoded requests:
// in Protobuf, the concatenation of OTLP requests is the request of them all, so a batch is never decoded,
// measured or encoded again, unless an endpoint has filters. A batch is compressed once for all tries.
//
// The package has a pure core and a thin edge:
//
//   - selector decides which endpoint gets the next batch of a signal. It uses neither a clock nor the network.
//   - group runs the selector for the three signals of one component, and probes endpoints that are down.
//   - site sends one request to one endpoint and classifies the answer.
//   - batch and encoding are what exporterhelper merges and stores.
//
// It is not a connector, has no queue, batcher or storage of its own, and does not balance load. Its neighbours
// are exporterhelper above it and net/http below it.
package failoverexporter
