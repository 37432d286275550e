package segmentstorage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestConfig(t *testing.T) {
	dir := tempDir(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set  map[string]any
		want string // part of the error
	}{
		"least":                      {map[string]any{"directory": dir}, ""},
		"all":                        {map[string]any{"directory": dir + "/new", "create_directory": true, "segment_size": 1 << 20, "max_size": 1 << 30, "min_free": 0, "sync": "interval", "sync_interval": "5s", "import": map[string]any{"directory": dir, "components": map[string]any{"otlp_failover": "otlp_grpc/loop"}}}, ""},
		"no directory":               {nil, "directory: must be set"},
		"missing":                    {map[string]any{"directory": dir + "/new"}, "create_directory: true"},
		"a file":                     {map[string]any{"directory": file}, "is not a directory"},
		"small segments":             {map[string]any{"directory": dir, "segment_size": 1000}, "segment_size: must be from 65536"},
		"large segments":             {map[string]any{"directory": dir, "segment_size": int64(2) << 30}, "segment_size"},
		"small bound":                {map[string]any{"directory": dir, "max_size": 17 << 20}, "max_size: must be 0 or at least 4 segments"},
		"negative bound":             {map[string]any{"directory": dir, "max_size": -1}, "max_size"},
		"negative floor":             {map[string]any{"directory": dir, "min_free": -1}, "min_free"},
		"unknown sync":               {map[string]any{"directory": dir, "sync": "often"}, `sync: must be never, interval or always, is "often"`},
		"no interval":                {map[string]any{"directory": dir, "sync": "interval", "sync_interval": "0s"}, "sync_interval"},
		"import without a directory": {map[string]any{"directory": dir, "import": map[string]any{"components": map[string]any{"a": "b"}}}, "import.components"},
		"import with an invalid ID":  {map[string]any{"directory": dir, "import": map[string]any{"directory": dir, "components": map[string]any{"a": "b/"}}}, `"b/"`},
		"unknown key":                {map[string]any{"directory": dir, "fsync": true}, "fsync"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := NewFactory().CreateDefaultConfig()
			err := confmap.NewFromStringMap(c.set).Unmarshal(cfg)
			if err == nil {
				err = confmap.Validate(cfg)
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDirectoryNamesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, kind := range []component.Kind{component.KindExporter, component.KindReceiver} {
		for _, id := range []component.ID{
			component.MustNewID("a"), component.MustNewIDWithName("a", "b"), component.MustNewIDWithName("a", "B"), component.MustNewIDWithName("a_b", "c"),
			component.MustNewIDWithName("a", "b_c"), component.MustNewIDWithName("a", "../../etc"), component.MustNewIDWithName("a", strings.Repeat("x", 1000)),
		} {
			for _, name := range []string{"", "traces", "b", "b_traces"} {
				dir := directoryName(kind, id, name)
				key := strings.ToLower(dir)
				if before, ok := seen[key]; ok {
					t.Errorf("%s is the directory of %s %s %s and of %s", dir, kind, id, name, before)
				}
				seen[key] = fmt.Sprint(kind, id, name)
				if len(dir) > 97 || strings.ContainsAny(dir, "/\\.:") {
					t.Errorf("directory %q", dir)
				}
			}
		}
	}
}

// TestBounds fills a client up to each of its bounds, and deletes everything again.
func TestBounds(t *testing.T) {
	for reason, bound := range map[string]func(o *options, d *faulty){
		reasonFull:    func(_ *options, d *faulty) { d.room.Store(8 * minSegment) },
		reasonMaxSize: func(o *options, _ *faulty) { o.maxSize = 8 * minSegment },
		reasonFloor:   func(o *options, d *faulty) { d.room.Store(20 * minSegment); o.minFree = 12 * minSegment },
	} {
		t.Run(reason, func(t *testing.T) {
			d := newFaulty()
			o, seen := testOptions(tempDir(t), d)
			bound(&o, d)
			c, keys := openStarted(t, o), 0
			for {
				err := c.Batch(t.Context(), storage.SetOperation("meta", make([]byte, 1000)), storage.SetOperation(fmt.Sprint(keys), make([]byte, 3000)))
				if errors.Is(err, storage.ErrStorageFull) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				keys++
			}
			if c.store.used > 8*minSegment || keys < 80 {
				t.Errorf("%d keys in %d bytes", keys, c.store.used)
			}
			for i := range 20 * keys { // updates need no room
				if err := c.Set(t.Context(), "meta", make([]byte, 900+i%200)); err != nil {
					t.Fatal(err)
				}
			}
			if seen.refused[reason] != 1 || len(seen.refused) != 1 {
				t.Errorf("refused writes are %v, want one with reason %s", seen.refused, reason)
			}
			for i := keys - 1; i >= 0; i-- {
				if err := c.Batch(t.Context(), storage.SetOperation("meta", make([]byte, 1000)), storage.DeleteOperation(fmt.Sprint(i))); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Set(t.Context(), "more", make([]byte, 3000)); err != nil {
				t.Errorf("after everything was deleted: %v", err)
			}
			checkAccounts(t, c.store)
		})
	}
}

func TestMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	set := extensiontest.NewNopSettings(storageType)
	set.ID = component.NewID(storageType)
	set.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	cfg := &Config{Directory: tempDir(t), SegmentSize: minSegment, MaxSize: 4 * minSegment, Sync: syncNever}
	s, err := NewFactory().Create(t.Context(), set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Shutdown(context.Background()) }()
	id := component.MustNewIDWithName("otlp", "a")
	c, err := s.(storage.Extension).GetClient(t.Context(), component.KindExporter, id, "logs")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "key", make([]byte, 997)); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "large", make([]byte, 5*minSegment)); !errors.Is(err, storage.ErrStorageFull) {
		t.Fatal(err)
	}
	damage(t, segmentFiles(t, filepath.Join(cfg.Directory, directoryName(component.KindExporter, id, "logs")))[0], func(b []byte) { b[300] ^= 1 })
	if v, err := c.Get(t.Context(), "key"); v != nil || err != nil {
		t.Fatalf("a corrupt record is %d bytes, %v", len(v), err)
	}
	if err := c.Set(t.Context(), "key", make([]byte, 97)); err != nil {
		t.Fatal(err)
	}
	got := collect(t, reader)
	of := fmt.Sprintf("{client=%s storage=segment_storage", directoryName(component.KindExporter, id, "logs"))
	want := []string{
		"otelcol_storage_corrupt_records" + of + "} 1",
		fmt.Sprintf("otelcol_storage_disk_bytes%s} %d", of, 3*minSegment),
		"otelcol_storage_live_bytes" + of + "} 100",
		"otelcol_storage_refused_writes" + strings.Replace(of, " ", " reason=max_size ", 1) + "} 1",
		"otelcol_storage_segments" + of + "} 3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func collect(t *testing.T, reader sdkmetric.Reader) (lines []string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				var attributes []string
				for _, a := range p.Attributes.ToSlice() {
					attributes = append(attributes, string(a.Key)+"="+a.Value.String())
				}
				lines = append(lines, fmt.Sprintf("%s{%s} %d", m.Name, strings.Join(attributes, " "), p.Value))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func TestClientsBeyondTheBoundShareAName(t *testing.T) {
	m, err := newMeters(extensiontest.NewNopSettings(storageType))
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxClients {
		if name := fmt.Sprint(i); m.name(name) != name {
			t.Fatalf("client %d does not keep its name", i)
		}
	}
	if m.name("one more") != otherClient || m.name("0") != "0" {
		t.Error("the names are not bounded")
	}
}

// TestSync counts the syncs of each mode.
func TestSync(t *testing.T) {
	for mode, check := range map[string]func(syncs int64) bool{
		syncNever:    func(n int64) bool { return n == 0 },
		syncAlways:   func(n int64) bool { return n == 10 },
		syncInterval: func(n int64) bool { return n >= 1 && n <= 10 },
	} {
		d := newFaulty()
		cfg := &Config{Directory: tempDir(t), SegmentSize: minSegment, Sync: mode, SyncInterval: time.Hour}
		s, err := newExtension(extension.Settings(extensiontest.NewNopSettings(storageType)), cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.disk = d
		if err := s.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
		c, err := s.GetClient(t.Context(), component.KindExporter, component.NewID(exporterType), "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if err := c.Set(t.Context(), fmt.Sprint(i), nil); err != nil {
				t.Fatal(err)
			}
		}
		if mode == syncInterval {
			c.(*client).sync()
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !check(d.syncs.Load()) {
			t.Errorf("sync: %s has synced %d times", mode, d.syncs.Load())
		}
	}
}

// TestSegmentSizeChangesOnFullDisk starts a full client with another segment_size: bookkeeping still has room.
func TestSegmentSizeChangesOnFullDisk(t *testing.T) {
	for _, size := range []int64{minSegment, 4 * minSegment} {
		d := newFaulty()
		o, _ := testOptions(tempDir(t), d)
		o.segment = 2 * minSegment
		d.room.Store(8 * o.segment)
		c, want := openStarted(t, o), model{}
		for i := 0; ; i++ {
			key := fmt.Sprint(i)
			if err := c.Batch(t.Context(), storage.SetOperation("meta", nil), storage.SetOperation(key, make([]byte, 3000))); err != nil {
				break
			}
			want[key] = make([]byte, 3000)
		}
		o.dir, o.segment = copyDir(t, o.dir), size
		d.room.Store(0)
		c = openStarted(t, o)
		for i := range 3000 {
			if err := c.Set(t.Context(), "meta", make([]byte, 300+i%9)); err != nil {
				t.Fatalf("segment_size %d: update %d: %v", size, i, err)
			}
		}
		want["meta"] = make([]byte, 300+2999%9)
		check(t, c, want)
	}
}
