// Package strict decodes a YAML document into a Go type, and finds every mistake of it in one pass: with
// its line, its path, and the name that was probably meant.
//
// Decoders stop at their first mistake, or know no lines; this one does neither. It refuses anchors and
// aliases, so that no document can unfold into more than it contains, keys that stand twice, control
// characters, values of another type, and more than [MaxDepth] levels. A [Document] keeps the lines, so that
// later checks can report mistakes of their own.
//
// It knows nothing about what is decoded, and reads no files: packages profiles and estate do.
package strict
