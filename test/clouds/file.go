package clouds

import (
	_ "embed" // the estate
	"fmt"

	"github.com/telepod/telepod/estate"
)

//go:embed estate.yaml
var described string

// values are what every estate on this machine needs besides, as the end of an estate file.
//
//go:embed values.yaml
var values string

// description is the estate file of the demo.
func description() (*estate.Estate, error) {
	e, problems := estate.Load("test/clouds/estate.yaml", []byte(described+values))
	if e == nil {
		return nil, fmt.Errorf("read the estate file: %w", problems)
	}
	return e, nil
}
