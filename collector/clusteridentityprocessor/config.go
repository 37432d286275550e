package clusteridentityprocessor

import (
	"errors"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// Config of the processor cluster_identity.
type Config struct {
	// Domain below which a certificate's DNS name is the name of a cluster: prod-use1.regions.telepod.
	Domain string `mapstructure:"domain"`
	// Require refuses requests without a certificate that names a cluster. False passes them on unchanged.
	Require bool `mapstructure:"require"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func defaultConfig() component.Config { return &Config{Domain: "regions.telepod"} }

// Validate reports a domain that is empty, or that starts or ends with a dot.
func (c *Config) Validate() error {
	if c.Domain == "" || strings.HasPrefix(c.Domain, ".") || strings.HasSuffix(c.Domain, ".") {
		return errors.New("domain: set a DNS name without dots at its ends, such as regions.telepod")
	}
	return nil
}
