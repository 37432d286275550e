// Package document patches and marks JSON and YAML documents, for tests that an edit preserves the rest.
package document
