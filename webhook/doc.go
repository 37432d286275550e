// Package webhook passes admission requests to package injector, and returns its plans as patches.
//
//	Endpoint    HTTP: limits, AdmissionReview in, AdmissionReview out          endpoint.go review.go
//	Admitter    one request: pod, namespace, plan, outcome; never a panic       admit.go outcome.go
//	Live        the injector in use, replaced when profiles or cluster change   live.go reload.go version.go
//	Namespaces  the relevant labels and annotations of namespaces               namespaces.go
//	observer    each admission once: log line, metrics, span, event             observe.go metrics.go gauges.go events.go
//	telemetry   the meter and tracer providers: Prometheus and OTLP             telemetry.go otlp.go
//	Server      listeners, health, drain; runs all of the above                 server.go listener.go health.go
//
// No request waits for a writer's lock, reads a file or calls the API server: the injector and the
// namespaces are read through atomic pointers, and events are queued, or dropped if the queue is full.
//
// Package injector decides what to inject, and package certs which certificate to serve.
//
// controller-runtime's webhook.Server and admission.Webhook are not used. The first fixes the idle
// timeout at 90 s. The API server's timeout is the same, so one side may close a connection while the
// other starts to use it. It also cannot end keep-alive before it shuts down. Both would make
// admissions fail during a rollout. The second decodes into a scheme and encodes by reflection, which
// costs more than the whole injection (the "null" of the benchmarks), accepts reviews of version
// v1beta1, and responds to a panic with a refusal.
package webhook
