// Package certmanager runs cert-manager's own controllers and CA injector next to a test cluster.
// manager/main.go builds them from cert-manager's module.
//
// They run as a process on this machine, as cluster administrator. Issuers of the kinds CA and SelfSigned
// work. Without ACME and the validating webhook, certificates may expire after seconds.
package certmanager
