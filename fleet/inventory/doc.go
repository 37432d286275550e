// Package inventory reads the objects that package fleet judges from an API server: pods, namespaces, workloads, and
// the configuration of the injector.
//
// It only gets and lists, one page of objects at a time, creates trial pods as dry runs, and caches no object. It
// reads metrics of Telepod's own pods through the API server's proxy. Errors for missing permissions refer to
// 'telepod rbac', which prints the permissions that this package needs.
package inventory
