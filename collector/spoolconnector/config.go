package spoolconnector

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// What a full queue does.
const (
	Refuse     = "refuse"
	DropOldest = "drop_oldest"
)

// Config of the connector spool.
type Config struct {
	// Queue of exporterhelper: storage, size, consumers, batches.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// Retry bounds the time between two tries. Tries are unlimited: MaxElapsedTime is not used.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// Timeout of the first try. After a timeout, a batch above 2 MiB is sent in parts of half the size, and a smaller one
	// gets twice the time, up to four times the timeout. 0 leaves the timeout to the exporter.
	Timeout time.Duration `mapstructure:"timeout"`
	// WhenFull is refuse or drop_oldest.
	WhenFull string `mapstructure:"when_full"`
	// FairBy is the key of the client metadata that names the sender. A full queue drops data of the sender with the most
	// data in it.
	FairBy string `mapstructure:"fair_by"`
	// ResourceAttributes are set on all resources of a batch that leaves the queue: the keys are names of attributes, the
	// values are keys of the client metadata. A processor behind the queue could do the same, but then every connector
	// in front of it would count as one that changes data, and would copy it.
	ResourceAttributes map[string]string `mapstructure:"resource_attributes"`
	// DeadLetter keeps rejected data. Without a directory, that data is dropped. It is counted in either case.
	DeadLetter DeadLetterConfig `mapstructure:"dead_letter"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DeadLetterConfig is a directory of bounded size.
type DeadLetterConfig struct {
	Directory string `mapstructure:"directory"`
	// MaxBytes of all files; the oldest are deleted above it.
	MaxBytes int64 `mapstructure:"max_bytes"`
}

var _ component.Config = (*Config)(nil)

func defaultConfig() component.Config {
	return &Config{
		Queue:      configoptional.Some(exporterhelper.NewDefaultQueueConfig()),
		Retry:      configretry.NewDefaultBackOffConfig(),
		WhenFull:   Refuse,
		DeadLetter: DeadLetterConfig{MaxBytes: 64 << 20},
	}
}

// Validate reports settings that contradict each other.
func (c *Config) Validate() error {
	if !slices.Contains([]string{Refuse, DropOldest}, c.WhenFull) {
		return fmt.Errorf("when_full: unknown value %q: use refuse or drop_oldest", c.WhenFull)
	}
	if !c.Queue.HasValue() {
		return errors.New("sending_queue: a spool without a queue does nothing: enable it, or remove the spool")
	}
	batch := c.Queue.Get().Batch
	if c.FairBy != "" && c.Queue.Get().Sizer != exporterhelper.RequestSizerTypeBytes {
		return errors.New("fair_by: set sending_queue.sizer to bytes, because senders are compared by bytes")
	}
	uniform := func(key string) bool {
		return batch.HasValue() && slices.Contains(batch.Get().Partition.MetadataKeys, key)
	}
	if c.FairBy != "" && !uniform(c.FairBy) {
		return fmt.Errorf("fair_by: a batch has to have one sender: add %q to sending_queue.batch.partition.metadata_keys", c.FairBy)
	}
	for name, key := range c.ResourceAttributes {
		if !uniform(key) {
			return fmt.Errorf("resource_attributes: %s: a batch has to have one value: add %q to sending_queue.batch.partition.metadata_keys", name, key)
		}
	}
	if c.DeadLetter.Directory != "" && c.DeadLetter.MaxBytes <= 0 {
		return errors.New("dead_letter: max_bytes: set a limit above 0")
	}
	return nil
}
