// Package document patches and marks JSON and YAML documents, for tests of what an edit preserves.
package document
