// Package webhook carries admission requests to package injector and plans back.
//
//	Endpoint    HTTP: limits, AdmissionReview in, AdmissionReview out          endpoint.go review.go
//	Admitter    one request: pod, namespace, plan, outcome; never a panic       admit.go outcome.go
//	Live        the injector in use, replaced when profiles or cluster change     live.go reload.go version.go
//	Namespaces  labels and annotations of the namespaces that matter            namespaces.go
//	observer    each admission once: log line, metrics, span, event             observe.go metrics.go gauges.go events.go
//	telemetry   the meter and tracer providers: Prometheus and OTLP             telemetry.go otlp.go
//	Server      listeners, health, drain; runs all of the above                 server.go listener.go health.go
//
// No request waits for a lock that a writer has, reads a file or calls the API
// server: the injector and the namespaces are read through atomic pointers, events are queued and
// dropped when the queue is full.
//
// What to inject is not decided here (package injector), nor which certificate is served (package
// certs).
//
// controller-runtime's webhook.Server and admission.Webhook are not used. The first
// fixes the idle timeout at 90 s, which is the API server's own, so that one side closes a
// connection while the other starts to use it; it offers no way to end keep-alive before it closes,
// and both matter to "no admission fails during a rollout". The second decodes into a scheme and
// encodes by reflection, which costs more than the whole injection (the "null" of the benchmarks),
// accepts reviews of version v1beta1 and answers a panic with a refusal.
package webhook
