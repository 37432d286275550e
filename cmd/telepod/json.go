package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// printJSON prints a value that may contain text from clusters.
func printJSON(out io.Writer, value any) error {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := out.Write(escapeControls(encoded.Bytes()))
	return err
}

// escapeControls escapes control characters that JSON allows, DEL and C1, because terminals interpret them.
func escapeControls(encoded []byte) []byte {
	var escaped []byte
	for _, r := range string(encoded) {
		if r >= 0x7f && r <= 0x9f {
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
			continue
		}
		escaped = utf8.AppendRune(escaped, r)
	}
	return escaped
}
