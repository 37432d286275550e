// Package manifest reads streams of Kubernetes manifests, finds the pods and pod templates in them, and patches
// them in place: everything that a patch does not change stays the same, byte for byte, including comments,
// order and style.
//
//	split    splits the stream into documents without losing a byte
//	Parse    parses documents into objects; kinds knows the path of an object's pod
//	Patch    applies a JSON Patch, as package injector creates it
//	Bytes    returns the patched stream; JSON keeps its indentation
//
// Edits are the changes of the text, and Bytes is the text with these edits, so a diff made from the edits is
// minimal.
//
// An edited text is parsed again and compared with the patched value, so an unsupported style cannot result in
// a wrong manifest. A document that cannot be edited in place (a value shared by an alias, a rare style) is
// first rewritten in a plain style.
//
// The package does not depend on injection, and reads no files.
package manifest
