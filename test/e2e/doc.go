// Package e2e proves the chart on a real cluster with real nodes: the images of package image,
// two replicas behind their Service, installed by Helm, called by a real API server. What
// counts is what running containers see and what a sink receives.
//
//	clouds_test.go      every variable, for every kind of workload, on three clouds
//	precedence_test.go  who is injected, row by row, and who never reaches the webhook
//	fields_test.go      fields that Telepod does not know survive
//	telemetry_test.go   sidecars under PodSecurity restricted, Jobs, spans that arrive
//	regional_test.go    every signal from pod to store, through the chart's region and central site
//	certmanager_test.go certificates that cert-manager issues end, and are renewed, under load
//	scaled_test.go      a site with samplers is upgraded under load, and removed
//	dark_test.go        no API server, no DNS, no room on the disk: the region takes data
//	drill_test.go       the loss of the primary, rehearsed by every method, and watched by the CronJob
//	reasons_test.go     one reason code in warnings, events, metrics, audit log and status
//	upheaval_test.go    replicas killed, rolled, upgraded, certificates rotated under load
//	outage_test.go      no webhook at all; and the way back
//	profiles_test.go    profiles change without a restart, a bad one changes nothing
//	ending_test.go      memory with many namespaces; helm uninstall
//
// There are no nodes without root, so the tests are skipped for an ordinary user; package install
// has a test of the webhook without nodes.
package e2e
