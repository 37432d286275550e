package main

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

func printJSON(out io.Writer, value any) error {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = out.Write(append(escapeControls(encoded), '\n'))
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
