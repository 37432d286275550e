// Package inventory reads from an API server what package fleet judges: pods, namespaces, workloads, and how
// the injector there is configured.
//
// It only gets and lists, one page of objects at a time, creates trial pods as dry runs, and keeps no object. Metrics of Telepod's own pods come through
// the API server's proxy. Errors for missing rights name 'telepod rbac', which prints the rights that this package needs.
package inventory
