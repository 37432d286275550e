package failoverexporter

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// disk is a storage extension in memory, which outlives the exporters that use it.
type disk struct {
	component.StartFunc
	component.ShutdownFunc
	mu     sync.Mutex
	values map[string]map[string][]byte // by signal
}

func newDisk() *disk { return &disk{values: map[string]map[string][]byte{}} }

func (d *disk) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{diskID(): d}
}

func diskID() component.ID { return component.MustNewID("disk") }

func (d *disk) GetClient(_ context.Context, _ component.Kind, _ component.ID, name string) (storage.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.values[name] == nil {
		d.values[name] = map[string][]byte{}
	}
	return diskClient{d, name}, nil
}

type diskClient struct {
	disk *disk
	name string
}

func (c diskClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c diskClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c diskClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c diskClient) Close(context.Context) error { return nil }

func (c diskClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.disk.mu.Lock()
	defer c.disk.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = append([]byte(nil), c.disk.values[c.name][op.Key]...)
			if _, ok := c.disk.values[c.name][op.Key]; !ok {
				op.Value = nil
			}
		case storage.Set:
			c.disk.values[c.name][op.Key] = append([]byte(nil), op.Value...)
		case storage.Delete:
			delete(c.disk.values[c.name], op.Key)
		}
	}
	return nil
}
