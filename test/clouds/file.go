package clouds

import (
	_ "embed" // the estate
	"fmt"

	"github.com/telepod/telepod/estate"
)

//go:embed estate.yaml
var described string

// values are the values that every estate on this machine needs, appended to an estate file.
//
//go:embed values.yaml
var values string

// description is the demo's estate file.
func description() (*estate.Estate, error) {
	e, problems := estate.Load("test/clouds/estate.yaml", []byte(described+values))
	if e == nil {
		return nil, fmt.Errorf("parse the estate file: %w", problems)
	}
	return e, nil
}
