package certmetricsextension

import (
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
)

// maxFiles bounds the series of the metric and the work of one collection.
const maxFiles = 16

// Config of the extension cert_metrics.
type Config struct {
	// Files are the paths of PEM files with certificates, 16 at most: certificate chains and CA bundles.
	Files []string `mapstructure:"files"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// Validate reports a list of files that is empty, too long, or names a file twice.
func (c *Config) Validate() error {
	if len(c.Files) == 0 {
		return errors.New("files is empty: list the PEM files with certificates to watch")
	}
	if len(c.Files) > maxFiles {
		return fmt.Errorf("files has %d entries: list at most %d", len(c.Files), maxFiles)
	}
	for i, file := range c.Files {
		switch {
		case file == "":
			return fmt.Errorf("files[%d] is empty: remove it, or set the path of a PEM file", i)
		case slices.Contains(c.Files[:i], file):
			return fmt.Errorf("files[%d]: %q is listed twice", i, file)
		}
	}
	return nil
}
