// Command backends is where a central Collector writes to in tests, and the place that counts what
// arrived: an S3 server, a Kafka broker, an OTLP receiver in Jaeger's place and a Prometheus
// remote-write receiver, all in memory, on one address.
//
// Every item that the load generator of test/pipeline sends has a sequence number: a span's id, a
// log record's attribute "seq", a data point's value. GET /tally/{backend}/{signal} on the control
// port answers one line for each number that arrived, "<number> <times>"; backends are s3, kafka,
// otlp and remotewrite, signals traces, metrics and logs. GET /s3/keys lists the archive's objects.
// GET /seen says in how many of the archive's objects and of Kafka's records a text of -watch is.
//
// The command knows no faults: a test puts a link between Collector and backend and cuts that.
package main
