package archivefolderprocessor

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// MetadataKey is the key of the client metadata that carries the folder of a request. An exporter that lists it
// under sending_queue.batch.partition.metadata_keys keeps folders apart.
const MetadataKey = "archive-folder"

// Config of the processor archive_folder.
type Config struct {
	// Fallback is the folder for data without a valid provider and region.
	Fallback string `mapstructure:"fallback"`
	// Allowed folders, provider/region. Empty allows every valid one, up to MaxFolders.
	Allowed []string `mapstructure:"allowed"`
	// MaxFolders bounds the number of different folders since the start, not counting the fallback.
	MaxFolders int `mapstructure:"max_folders"`
}

var _ component.Config = (*Config)(nil)

func defaultConfig() component.Config {
	return &Config{Fallback: "unknown/unknown", MaxFolders: 64}
}

// Validate reports folders that are not of the form provider/region.
func (c *Config) Validate() error {
	if c.MaxFolders < 1 {
		return fmt.Errorf("max_folders is %d: set it to 1 or more", c.MaxFolders)
	}
	for _, folder := range append([]string{c.Fallback}, c.Allowed...) {
		provider, region, found := strings.Cut(folder, "/")
		if !found || !providerPattern.MatchString(provider) || !regionPattern.MatchString(region) {
			return fmt.Errorf("folder %q is not provider/region, such as aws/us-east-1", folder)
		}
	}
	return nil
}
