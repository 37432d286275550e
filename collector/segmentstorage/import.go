package segmentstorage

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

const (
	importing      = "import.running" // exists in a client's directory until all is copied
	imported       = "import.done"
	importedSuffix = ".imported"   // of an old file that was copied
	brokenSuffix   = ".unreadable" // of an old file that could be copied only in part, or not at all
	importAtOnce   = 1 << 20       // bytes to write in one batch, except for larger values
)

// fileStorageBucket contains all keys of a file_storage file.
var fileStorageBucket = []byte("default")

// importInto copies the client's file of the old file_storage extension, once. The markers in the client's
// directory make it resumable: an interrupted copy continues, a complete one is not repeated,
// even if the old file cannot be renamed.
func (s *segmentStorage) importInto(into *store, kind component.Kind, id component.ID, name string) error {
	running, done := filepath.Join(into.dir, importing), filepath.Join(into.dir, imported)
	old, err := s.importFile(kind, id, name)
	if err != nil || old == "" || exists(done) {
		return err
	}
	if !exists(running) {
		if into.live > 0 {
			into.log.Error("The old storage file was not imported, because the new storage already contains data",
				zap.String("file", old))
			return nil
		}
		if err := os.WriteFile(running, nil, 0o600); err != nil {
			return err
		}
	}
	suffix := importedSuffix
	n, err := copyFile(into, old)
	var broken *brokenFile
	switch {
	case errors.As(err, &broken):
		suffix = brokenSuffix
		into.log.Error("The old storage file is damaged; what could be read was imported", zap.String("file", old),
			zap.String("kept as", old+suffix), zap.Int("keys", n), zap.Error(err))
	case err != nil:
		return fmt.Errorf("import %s: %w", old, err)
	default:
		into.log.Info("The old storage file was imported", zap.String("file", old), zap.Int("keys", n))
	}
	if err := errors.Join(into.syncFrom(0), os.Rename(running, done), into.disk.syncDir(into.dir)); err != nil {
		return fmt.Errorf("import %s: %w", old, err)
	}
	if err := os.Rename(old, old+suffix); err != nil {
		into.log.Warn("The old storage file could not be renamed; it is not imported again", zap.String("file", old), zap.Error(err))
	}
	return nil
}

// importFile returns the path of the client's old file, "" if there is none.
func (s *segmentStorage) importFile(kind component.Kind, id component.ID, name string) (string, error) {
	if s.config.Import.Directory == "" {
		return "", nil
	}
	if before, ok := s.config.Import.Components[id.String()]; ok {
		if err := id.UnmarshalText([]byte(before)); err != nil {
			return "", err
		}
	}
	base := fileStorageName(kind, id, name)
	for _, each := range []string{base, hashedName(base)} {
		path := filepath.Join(s.config.Import.Directory, each)
		if exists(path) {
			return path, nil
		}
	}
	return "", nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// fileStorageName is how file_storage names a client's file.
func fileStorageName(kind component.Kind, id component.ID, name string) string {
	raw := fmt.Sprintf("%s_%s_%s", strings.ToLower(kind.String()), id.Type(), id.Name())
	if name != "" {
		raw += "_" + name
	}
	var b strings.Builder
	for _, r := range raw {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "~%04X", r)
		}
	}
	return b.String()
}

// hashedName is how file_storage names a file if its name would be too long.
func hashedName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// brokenFile is an error of the old file, not of the new storage.
type brokenFile struct{ cause error }

func (b *brokenFile) Error() string { return b.cause.Error() }
func (b *brokenFile) Unwrap() error { return b.cause }

// copyFile copies all keys that the store does not have yet and returns their number.
func copyFile(into *store, path string) (n int, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // bbolt maps the file, and may follow a damaged page out of it
	defer func() {                                           // or panic
		if p := recover(); p != nil {
			err = &brokenFile{cause: fmt.Errorf("bbolt: %v", p)}
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 10 * time.Second})
	if errors.Is(err, berrors.ErrTimeout) {
		return 0, fmt.Errorf("another process uses it; stop the old Collector first: %w", err)
	}
	var noAccess *fs.PathError
	if errors.As(err, &noAccess) {
		return 0, err
	}
	if err != nil {
		return 0, &brokenFile{cause: err}
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(fileStorageBucket)
		if bucket == nil {
			return nil
		}
		n, err = copyBucket(into, bucket)
		return err
	})
	return n, err
}

func copyBucket(into *store, from *bbolt.Bucket) (n int, err error) {
	var changes []change
	size := 0
	flush := func() error {
		if len(changes) == 0 {
			return nil
		}
		err := into.commit(changes, false)
		if errors.Is(err, storage.ErrStorageFull) {
			err = fmt.Errorf("%w; free some space, or remove import to start without the data of the old file", err)
		}
		changes, size = changes[:0], 0
		return err
	}
	for cursor, key, value := first(from); key != nil; key, value = cursor.Next() {
		n++
		if value == nil || into.lookup(string(key)) != nil {
			continue
		}
		changes = append(changes, change{key: string(key), value: value})
		if size += len(key) + len(value); size >= importAtOnce {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	return n, flush()
}

func first(bucket *bbolt.Bucket) (*bbolt.Cursor, []byte, []byte) {
	cursor := bucket.Cursor()
	key, value := cursor.First()
	return cursor, key, value
}
