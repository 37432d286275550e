// Package metadata implements the metadata services of EC2, Google Compute Engine and Azure, so the Collector's
// own detectors find a cloud on the nodes of a test cluster.
//
//   - [Node] describes the machine; [Node.Handler] is the metadata service of its cloud: the documented
//     paths, headers, errors and response formats, as far as detectors and SDKs use them.
//   - [Image] and [Manifests] run it on every node of a cluster, at 169.254.169.254, the address in all
//     three clouds: a DaemonSet in the node's network (command cmd/metadata).
//
// Other cloud APIs, such as EC2's DescribeTags, are not included: no detector in the chart's configuration
// calls them.
package metadata
