// Command backends provides a central Collector's stores for tests, and counts what arrives: an S3 server, a
// Kafka broker, an OTLP receiver in place of Jaeger and a Prometheus remote-write receiver. All are in memory,
// on one address.
//
// Every item from the load generator of test/pipeline has a sequence number: a span's id, a log record's
// attribute "seq", a data point's value. GET /tally/{backend}/{signal} on the control port returns a line
// for each number that arrived, "<number> <times>"; backends are s3, kafka, otlp and remotewrite, signals
// traces, metrics and logs. GET /s3/keys lists the archive's objects. GET /seen counts the archived objects
// and Kafka records that contain a text of -watch. GET /spans returns the number of spans according to the span metrics.
//
// The command simulates no faults: tests put a link in front of a backend and cut it.
package main
