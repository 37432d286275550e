// Package corpus gives Telepod manifests that others wrote: the examples, test data and charts' output
// that come with well-known Go modules. modules.txt lists the modules, fixed by version and checksum; the
// test downloads them by the Go command.
//
// The test calls manifest and injector as `telepod inject` does. It judges properties, not outputs: what a
// pod gets is the business of the fixtures in injector and cmd/telepod.
package corpus
