// Package corpus tests Telepod with the manifests of other projects: examples, test data and chart output in well-known
// Go modules. modules.txt lists the modules with version and checksum; the test downloads them with the go command.
//
// The test calls manifest and injector like `telepod inject`. It checks properties, not outputs, which are covered by
// the fixtures in injector and cmd/telepod.
package corpus
