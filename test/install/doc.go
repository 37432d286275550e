// Package install installs Telepod in a test cluster as a user would: with the project's images and chart,
// and real Helm. The end-to-end tests and the demo share it.
//
//   - [Images] are the image archives for a cluster with nodes: those of package image; the Collector under
//     the name in the built-in profiles, so that a sidecar runs with unchanged profiles; an application with a
//     stock OpenTelemetry SDK.
//   - [ScriptApps] are the archives of applications with the SDKs for Node.js and of Deno.
//   - [Telepod] installs or upgrades the chart and returns once a pod is actually injected.
//   - [Admissions] is a stream of pods. Every one has to be injected: under load, nothing may fail.
//   - [Process] does the same without nodes or root: the webhook is a process on this machine, with the
//     chart's arguments and webhook configuration.
//
// It does not test the installation: its callers do.
package install
