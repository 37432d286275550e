// Package certmanager runs cert-manager's own controllers and CA injector next to a test cluster.
// manager/main.go builds them from cert-manager's module.
//
// They run as a process on this machine, as cluster administrator, and support issuers of the kinds CA and
// SelfSigned. There is no ACME and no validating webhook, so certificates may expire after seconds.
package certmanager
