// Package authorities makes the certificates of an estate: a root, and below it one authority for each cluster that
// can sign for this cluster only, and keeps them in a directory.
//
//	root                          no cluster needs its key
//	clusters/CLUSTER/authority    what the cluster signs with: limited names and usages, no authority below it
//	clusters/CLUSTER/regional     a certificate, certificates.from: secrets only; and central at a site
//	clusters/CLUSTER/previous-…   an authority that was renewed, accepted until it ends
//	revoked/CLUSTER/…             authorities that are accepted no more
//	manifests/CLUSTER.yaml        what is applied to the cluster, made again by every change
//
// Each is a .crt beside its .key. Keys are files with mode 0600, and no file of a key or a certificate is ever written over. docs/security.md has the
// reasons for the constraints, test/pipeline proves them by handshakes.
//
// It knows no clusters: cmd/telepod applies the manifests.
package authorities
