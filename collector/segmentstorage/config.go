package segmentstorage

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Bounds of segment_size in bytes.
const (
	minSegment = 64 << 10
	maxSegment = 1 << 30
)

// Sync modes: when written data is synced, to survive a power cut.
const (
	syncNever    = "never"
	syncInterval = "interval"
	syncAlways   = "always"
)

// Config is the configuration of segment_storage.
type Config struct {
	// Directory contains a directory for each client.
	Directory string `mapstructure:"directory"`
	// CreateDirectory creates Directory, with its parents, if it does not exist.
	CreateDirectory bool `mapstructure:"create_directory"`
	// SegmentSize is the size of a file in bytes, 64 KiB to 1 GiB.
	SegmentSize int64 `mapstructure:"segment_size"`
	// MaxSize bounds the files of one client, in bytes. 0 disables the limit.
	MaxSize int64 `mapstructure:"max_size"`
	// MinFree is the number of bytes of the file system that stay free.
	MinFree int64 `mapstructure:"min_free"`
	// Sync is never, interval or always.
	Sync string `mapstructure:"sync"`
	// SyncInterval is the time between syncs with sync: interval.
	SyncInterval time.Duration `mapstructure:"sync_interval"`
	// Import reads the files of a file_storage extension once.
	Import ImportConfig `mapstructure:"import"`
}

// ImportConfig describes the files of the contrib file_storage extension that clients start from.
type ImportConfig struct {
	// Directory is the file_storage extension's. Empty disables the import.
	Directory string `mapstructure:"directory"`
	// Components maps the ID of a component to the ID that it had in the old configuration, if that differs.
	Components map[string]string `mapstructure:"components"`
}

func defaultConfig() component.Config {
	return &Config{SegmentSize: 16 << 20, MinFree: 64 << 20, Sync: syncNever, SyncInterval: time.Second}
}

// Validate implements [confmap.Validator].
func (c *Config) Validate() error {
	var errs []error
	if c.Directory == "" {
		errs = append(errs, errors.New("directory: must be set"))
	} else if err := c.checkDirectory(); err != nil {
		errs = append(errs, err)
	}
	if c.SegmentSize < minSegment || c.SegmentSize > maxSegment {
		errs = append(errs, fmt.Errorf("segment_size: must be from %d to %d bytes, is %d", minSegment, maxSegment, c.SegmentSize))
	}
	if least := (reserve + 2) * c.SegmentSize; c.MaxSize != 0 && c.MaxSize < least {
		errs = append(errs, fmt.Errorf("max_size: must be 0 or at least %d segments (%d bytes), is %d", reserve+2, least, c.MaxSize))
	}
	if c.MinFree < 0 {
		errs = append(errs, fmt.Errorf("min_free: must not be negative, is %d", c.MinFree))
	}
	switch c.Sync {
	case syncNever, syncAlways:
	case syncInterval:
		if c.SyncInterval <= 0 {
			errs = append(errs, fmt.Errorf("sync_interval: must be positive, is %v", c.SyncInterval))
		}
	default:
		errs = append(errs, fmt.Errorf("sync: must be %s, %s or %s, is %q", syncNever, syncInterval, syncAlways, c.Sync))
	}
	return errors.Join(append(errs, c.Import.validate())...)
}

func (c *Config) checkDirectory() error {
	info, err := os.Stat(c.Directory)
	switch {
	case errors.Is(err, os.ErrNotExist) && c.CreateDirectory:
		return nil
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("directory: %s does not exist; create it or set create_directory: true", c.Directory)
	case err != nil:
		return fmt.Errorf("directory: %w", err)
	case !info.IsDir():
		return fmt.Errorf("directory: %s is not a directory", c.Directory)
	}
	return nil
}

func (c *ImportConfig) validate() error {
	if c.Directory == "" && len(c.Components) > 0 {
		return errors.New("import.components: has no effect without import.directory")
	}
	var errs []error
	for now, before := range c.Components {
		for _, each := range []string{now, before} {
			var id component.ID
			if err := id.UnmarshalText([]byte(each)); err != nil {
				errs = append(errs, fmt.Errorf("import.components: %q: %w", each, err))
			}
		}
	}
	return errors.Join(errs...)
}
