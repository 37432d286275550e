package segmentstorage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// oldFile writes a file as the contrib file_storage extension does.
func oldFile(t *testing.T, path string, content model) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists(fileStorageBucket)
		if err != nil {
			return err
		}
		for key, value := range content {
			if err := bucket.Put([]byte(key), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func oldContent() model {
	content := model{"qmv0": []byte("metadata"), "empty": {}}
	for i := range 200 {
		content[fmt.Sprint(i)] = bytes.Repeat([]byte{byte(i)}, i*100)
	}
	return content
}

// startImporting starts an extension that maps otlp_failover to an old exporter.
func startImporting(t *testing.T, dir, old string, d disk) *segmentStorage {
	t.Helper()
	cfg := defaultConfig().(*Config)
	cfg.Directory, cfg.SegmentSize, cfg.MinFree = dir, minSegment, 0
	cfg.Import = ImportConfig{Directory: old, Components: map[string]string{"otlp_failover": "otlp_grpc/loop"}}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := newExtension(extensiontest.NewNopSettings(storageType), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.disk = d
	if err := s.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	return s
}

func failoverClient(t *testing.T, s *segmentStorage) (*client, error) {
	t.Helper()
	c, err := s.GetClient(t.Context(), component.KindExporter, component.MustNewID("otlp_failover"), "traces")
	if err != nil {
		return nil, err
	}
	return c.(*client), nil
}

const oldName = "exporter_otlp_grpc_loop_traces"

func TestImport(t *testing.T) {
	dir, old, content := tempDir(t), tempDir(t), oldContent()
	oldFile(t, filepath.Join(old, oldName), content)
	first := startImporting(t, dir, old, newFaulty())
	c, err := failoverClient(t, first)
	if err != nil {
		t.Fatal(err)
	}
	check(t, c, content)
	if !exists(filepath.Join(old, oldName+importedSuffix)) || exists(filepath.Join(old, oldName)) {
		t.Error("the old file was not renamed")
	}
	if err := c.Delete(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	delete(content, "7")
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A file that could not be renamed is not imported twice.
	if err := os.Rename(filepath.Join(old, oldName+importedSuffix), filepath.Join(old, oldName)); err != nil {
		t.Fatal(err)
	}
	if c, err = failoverClient(t, startImporting(t, dir, old, newFaulty())); err != nil {
		t.Fatal(err)
	}
	check(t, c, content)
}

// TestImportResumes kills the import at each write.
func TestImportResumes(t *testing.T) {
	dir, old, content := tempDir(t), tempDir(t), oldContent()
	oldFile(t, filepath.Join(old, oldName), content)
	d := newFaulty()
	client := directoryName(component.KindExporter, component.MustNewID("otlp_failover"), "traces")
	var killed []string
	d.failWrite = func(string, int64, int64) error {
		to := tempDir(t)
		copyInto(t, filepath.Join(dir, client), filepath.Join(to, client))
		killed = append(killed, to)
		return nil
	}
	if _, err := failoverClient(t, startImporting(t, dir, old, d)); err != nil {
		t.Fatal(err)
	}
	if len(killed) < 5 {
		t.Fatalf("only %d writes", len(killed))
	}
	for _, each := range killed {
		again := tempDir(t)
		oldFile(t, filepath.Join(again, oldName), content)
		c, err := failoverClient(t, startImporting(t, each, again, newFaulty()))
		if err != nil {
			t.Fatal(err)
		}
		check(t, c, content)
	}
}

// TestImportWithoutRoom checks that the error states what to do, and that the import continues when there is room.
func TestImportWithoutRoom(t *testing.T) {
	dir, old, content := tempDir(t), tempDir(t), oldContent()
	oldFile(t, filepath.Join(old, oldName), content)
	d := newFaulty()
	d.room.Store(5 * minSegment)
	s := startImporting(t, dir, old, d)
	if _, err := failoverClient(t, s); err == nil || !strings.Contains(err.Error(), "free some space") {
		t.Fatalf("got %v", err)
	}
	if !exists(filepath.Join(old, oldName)) {
		t.Fatal("the old file is gone")
	}
	d.room.Store(-1)
	c, err := failoverClient(t, s)
	if err != nil {
		t.Fatal(err)
	}
	check(t, c, content)
}

// TestImportOfDamagedFile checks that the extension keeps the file and starts.
func TestImportOfDamagedFile(t *testing.T) {
	content := oldContent()
	for name, change := range map[string]func(b []byte){
		"no bbolt": func(b []byte) { clear(b) },
		"pages":    func(b []byte) { clear(b[3*4096:]) },
		"noise": func(b []byte) {
			for i := 2 * 4096; i < len(b); i++ {
				b[i] ^= byte(i * 7)
			}
		},
	} {
		dir, old := tempDir(t), tempDir(t)
		oldFile(t, filepath.Join(old, oldName), content)
		damage(t, filepath.Join(old, oldName), change)
		c, err := failoverClient(t, startImporting(t, dir, old, newFaulty()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.Set(t.Context(), "works", nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !exists(filepath.Join(old, oldName+brokenSuffix)) {
			t.Errorf("%s: the old file was not set aside", name)
		}
	}
}

// TestImportKeepsExistingData checks that an old queue is not mixed into one that is in use.
func TestImportKeepsExistingData(t *testing.T) {
	dir, old := tempDir(t), tempDir(t)
	first := startImporting(t, dir, old, newFaulty())
	c, err := failoverClient(t, first)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Batch(t.Context(), storage.SetOperation("qmv0", []byte("new")), storage.SetOperation("0", []byte("new"))); err != nil {
		t.Fatal(err)
	}
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	oldFile(t, filepath.Join(old, oldName), oldContent())
	if c, err = failoverClient(t, startImporting(t, dir, old, newFaulty())); err != nil {
		t.Fatal(err)
	}
	check(t, c, model{"qmv0": []byte("new"), "0": []byte("new")})
	if !exists(filepath.Join(old, oldName)) {
		t.Error("the old file is gone")
	}
}

func TestFileStorageName(t *testing.T) {
	for want, got := range map[string]string{
		"exporter_otlp_grpc_loop_traces":    fileStorageName(component.KindExporter, component.MustNewIDWithName("otlp_grpc", "loop"), "traces"),
		"exporter_otlp__logs":               fileStorageName(component.KindExporter, component.MustNewID("otlp"), "logs"),
		"receiver_filelog_a~002Fb~007E":     fileStorageName(component.KindReceiver, component.MustNewIDWithName("filelog", "a/b~"), ""),
		"exporter_otlp_~4E2D~0020x_metrics": fileStorageName(component.KindExporter, component.MustNewIDWithName("otlp", "中 x"), "metrics"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
