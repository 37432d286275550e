// Package manifest reads streams of Kubernetes manifests, finds the pods and pod templates in them,
// and patches these in the text: what a patch does not touch stays as it is, byte for byte, with
// its comments, order and style.
//
//	split    the stream into documents, whose bytes add up to the stream's
//	Parse    each document into objects; kinds knows where an object keeps its pod
//	Patch    a JSON Patch for one document, as package injector makes it
//	Bytes    the stream again: an editor splices into YAML, JSON is indented as it was
//
// Edits are what changes in the text, and Bytes is the text with them, so that a diff made of the edits
// is as small as it can be.
//
// A text that was spliced is read again and compared with the patched value, so that a style that
// the editor does not understand cannot become a wrong manifest. What cannot be spliced (a value
// shared by an alias, a rare style) is first rewritten plainly.
//
// The package knows nothing of injection, and reads no files.
package manifest
