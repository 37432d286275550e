// Package e2e tests the chart on a real cluster with real nodes: the images of package image, two replicas behind
// their Service, installed by Helm, called by a real API server. The tests check what running containers see and what
// a sink receives.
//
//	clouds_test.go         every variable, for every kind of workload, on three clouds
//	precedence_test.go     which pods are injected, row by row, and which never reach the webhook
//	fields_test.go         fields that Telepod does not know survive
//	telemetry_test.go      sidecars under PodSecurity restricted, Jobs, and the telemetry that arrives
//	regional_test.go       every signal from pod to store, through the chart's region and central site
//	certmanager_test.go    certificates from cert-manager expire and are renewed under load
//	scaled_test.go         a site with samplers is upgraded under load, and uninstalled
//	region_faults_test.go  no API server, no DNS, a full disk: the region accepts data, or returns an error
//	drill_test.go          drills for the loss of the primary, and the chart's CronJob
//	check_test.go          telepod check on an estate with one fault at a time, and the repairs that it prints
//	reasons_test.go        the same reason code in warnings, events, metrics, audit log and status
//	sdks_test.go           stock SDKs in workloads of each kind, with nothing but the label
//	oom_test.go            a sidecar that the kernel kills for lack of memory
//	disruption_test.go     replicas killed, restarted and upgraded, certificates rotated, under load
//	outage_test.go         no webhook, and recovery
//	profiles_test.go       profiles change without a restart; an invalid one changes nothing
//	memory_test.go         memory with many namespaces
//	uninstall_test.go      helm uninstall
//
// Nodes need root, so the tests are skipped for an ordinary user; package install tests the webhook without nodes.
package e2e
