// Package clusteridentityprocessor holds what a cluster sends to the identity in its client certificate.
//
// A site accepts many clusters, and each writes k8s.cluster.name itself. This processor corrects that attribute if the
// certificate of the connection names another cluster, so that no cluster writes as another. It reads what package
// otlpmuxreceiver leaves in client.Info; it does not verify certificates, which the handshake has done, and does not
// look at other attributes.
package clusteridentityprocessor
