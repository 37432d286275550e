// Package install puts Telepod into a test cluster the way a user does: the project's images, the
// project's chart, real Helm. The end-to-end tests and the demo share it.
//
//   - [Images] are the image archives that a cluster with nodes needs: those of package
//     image; the Collector under the name that the built-in profiles use, so that a sidecar runs
//     with no profile changed; an application with a stock OpenTelemetry SDK.
//   - [Telepod] installs or upgrades the chart and returns once a pod really comes back injected.
//   - [Process] does the same where there are no nodes, for an ordinary user: the webhook is a
//     process on this machine, with the arguments and the webhook configuration of the chart.
//
// What is then done with the cluster is the callers' matter.
package install
