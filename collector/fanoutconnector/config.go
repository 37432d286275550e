package fanoutconnector

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"
)

// Config lists the branches.
type Config struct {
	// Required pipelines, asked first and in this order. The first refusal refuses the request.
	Required []pipeline.ID `mapstructure:"required"`
	// Optional pipelines, asked once all required ones have accepted. Data that one of them refuses is dropped only for
	// that pipeline.
	Optional []pipeline.ID `mapstructure:"optional"`
}

var _ component.Config = (*Config)(nil)

// Validate reports branches that are missing or listed twice.
func (c *Config) Validate() error {
	if len(c.Required)+len(c.Optional) == 0 {
		return errors.New("no branches: list the pipelines under required or optional")
	}
	seen := map[pipeline.ID]bool{}
	for _, id := range append(append([]pipeline.ID{}, c.Required...), c.Optional...) {
		if seen[id] {
			return fmt.Errorf("pipeline %q is listed twice: keep it under required or optional", id)
		}
		seen[id] = true
	}
	return nil
}
