package estate

import _ "embed" // the schema

// Schema is a JSON schema of the file, for editors.
//
//go:embed schema.json
var Schema string
