// Package certmanager runs cert-manager's own controllers and its CA injector beside a test cluster,
// built from cert-manager's module by manager/main.go.
//
// They run as a process of this machine, as the administrator. Issuers of the kinds CA and SelfSigned
// work; there is no ACME and no validating webhook, so certificates may end after seconds.
package certmanager
