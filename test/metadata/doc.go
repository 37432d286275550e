// Package metadata answers as the metadata services of EC2, Google Compute Engine and Azure do, so that
// on the nodes of a test cluster the Collector's own detectors find the cloud that a node plays.
//
//   - [Node] is what a service knows of the machine that asks; [Node.Handler] is the service of its
//     cloud: the paths, headers, refusals and shapes of answers that the clouds document, as far as
//     detectors and SDKs use them.
//   - [Image] and [Manifests] put it on every node of a cluster, at 169.254.169.254, where all
//     three clouds have it: a DaemonSet in the node's network (command cmd/metadata).
//
// What the clouds' other interfaces would answer, such as EC2's DescribeTags, is not here: the chart's
// configuration asks no detector for it.
package metadata
