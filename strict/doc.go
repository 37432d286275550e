// Package strict decodes a YAML document into a Go type, and reports all of its mistakes in one pass, each with
// its line, its path, and the name that was probably meant.
//
// Other decoders stop at the first mistake, or do not report lines. This one refuses anchors and aliases, so a
// document cannot expand to more than it contains. It also refuses duplicate keys, control characters, values of
// another type, and more than [MaxDepth] levels. A [Document] keeps the lines, so later checks can report their
// own mistakes.
//
// The package is independent of the decoded type and does not read files: packages profiles and estate do.
package strict
