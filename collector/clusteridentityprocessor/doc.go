// Package clusteridentityprocessor ensures that a cluster only sends telemetry under the identity in its client
// certificate.
//
// A site accepts many clusters, and each sets k8s.cluster.name itself. This processor corrects the attribute if the
// connection's certificate names another cluster. It reads what package otlpmuxreceiver stores in client.Info. It
// does not verify certificates (the TLS handshake has done so), and does not look at other attributes.
package clusteridentityprocessor
