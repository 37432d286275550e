// Package install installs Telepod in a test cluster as a user would: with the project's images and chart,
// and real Helm. The end-to-end tests and the demo share it.
//
//   - [Images] returns the image archives for a cluster with nodes: the images of package image, and an
//     application with a stock OpenTelemetry SDK. The Collector has the name in the built-in profiles, so a
//     sidecar runs with unchanged profiles.
//   - [ScriptApps] returns the archives of applications with the SDKs for Node.js and of Deno.
//   - [Telepod] installs or upgrades the chart, and returns once a pod is injected.
//   - [Admissions] creates pods continuously, under load. Every pod must be injected.
//   - [Process] does the same without nodes or root: the webhook is a process on this machine, with the
//     chart's arguments and webhook configuration.
//
// It does not test the installation: its callers do.
package install
