package manifest

import (
	"bytes"
	"encoding/json"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// patchJSON patches a JSON document and indents it as it was: by its first indented line, or not at
// all where it stands on one line.
func patchJSON(text string, patch jsonpatch.Patch) (string, error) {
	body := strings.TrimSpace(text)
	before, after, _ := strings.Cut(text, body)
	options := jsonpatch.NewApplyOptions()
	options.EscapeHTML = false
	patched, err := patch.ApplyWithOptions([]byte(body), options)
	if err != nil {
		return "", err
	}
	_, second, lines := strings.Cut(body, "\n")
	if !lines {
		return before + string(patched) + after, nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, patched, "", second[:len(second)-len(strings.TrimLeft(second, " \t"))]); err != nil {
		return "", err
	}
	body = b.String()
	if strings.Contains(text, "\r\n") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	return before + body + after, nil
}
