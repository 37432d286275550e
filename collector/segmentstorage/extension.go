package segmentstorage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

const lockName = "lock"

// segmentStorage is the extension. It owns the directory and the clients in it.
type segmentStorage struct {
	config *Config
	log    *zap.Logger
	disk   disk
	meters *meters

	mu      sync.Mutex
	lock    *os.File
	clients map[string]*client // by the name of their directory; nil while one opens
}

var _ storage.Extension = (*segmentStorage)(nil)

func newExtension(set extension.Settings, config *Config) (*segmentStorage, error) {
	s := &segmentStorage{config: config, log: set.Logger, disk: localDisk{}, clients: map[string]*client{}}
	var err error
	s.meters, err = newMeters(set)
	return s, err
}

// Start implements [component.Component]. It locks the directory.
func (s *segmentStorage) Start(context.Context, component.Host) error {
	if !renamesOpenFiles {
		return errors.New("segment_storage does not work on this operating system: it renames open files; use file_storage instead")
	}
	if s.config.CreateDirectory {
		if err := os.MkdirAll(s.config.Directory, 0o700); err != nil {
			return fmt.Errorf("create the storage directory: %w", err)
		}
	}
	path := filepath.Join(s.config.Directory, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the lock of the storage directory: %w", err)
	}
	if err := lock(f); err != nil {
		return errors.Join(fmt.Errorf("lock %s: another Collector or another segment_storage extension uses %s; "+
			"give each its own directory: %w", path, s.config.Directory, err), f.Close())
	}
	s.mu.Lock()
	s.lock = f
	s.mu.Unlock()
	return s.meters.start(s.usage)
}

// usage reports the sizes of the clients that are open.
func (s *segmentStorage) usage() map[string]usage {
	s.mu.Lock()
	open := maps.Clone(s.clients)
	s.mu.Unlock()
	all := map[string]usage{}
	for dir, c := range open {
		if c != nil {
			all[dir] = c.usage()
		}
	}
	return all
}

// Shutdown implements [component.Component]. Clients that are still open are closed.
func (s *segmentStorage) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	var open []*client
	for _, c := range s.clients {
		if c != nil {
			open = append(open, c)
		}
	}
	file := s.lock
	s.lock = nil
	s.mu.Unlock()
	errs := []error{s.meters.stop()}
	for _, c := range open {
		errs = append(errs, c.Close(ctx))
	}
	if file != nil {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// GetClient implements [storage.Extension]. A client can be opened again once it is closed.
func (s *segmentStorage) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	dir := directoryName(kind, id, name)
	if err := s.claim(dir); err != nil {
		return nil, fmt.Errorf("storage for %s %s %s: %w", strings.ToLower(kind.String()), id, name, err)
	}
	c, err := s.openClient(dir, kind, id, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.clients, dir)
		return nil, fmt.Errorf("storage for %s %s %s: %w", strings.ToLower(kind.String()), id, name, err)
	}
	s.clients[dir] = c
	return c, nil
}

// claim records that a client is being opened.
func (s *segmentStorage) claim(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return errors.New("the segment_storage extension is not running; list it in service.extensions")
	}
	if _, taken := s.clients[dir]; taken {
		return errors.New("the component has already opened it")
	}
	s.clients[dir] = nil
	return nil
}

func (s *segmentStorage) openClient(dir string, kind component.Kind, id component.ID, name string) (*client, error) {
	path := filepath.Join(s.config.Directory, dir)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	log := s.log.With(zap.String("client", dir))
	began := time.Now()
	opened, err := openStore(options{
		dir: path, disk: s.disk, segment: s.config.SegmentSize, maxSize: s.config.MaxSize, minFree: s.config.MinFree,
		always: s.config.Sync == syncAlways, syncAtClose: s.config.Sync != syncNever, log: log,
		corrupt: func() { s.meters.addCorrupt(dir) }, refused: func(reason string) { s.meters.addRefused(dir, reason) },
	})
	if err != nil {
		return nil, err
	}
	if err := s.importInto(opened, kind, id, name); err != nil {
		return nil, errors.Join(err, opened.close())
	}
	log.Info("Storage opened", zap.Int64("bytes", opened.live), zap.Int("segments", len(opened.segments())),
		zap.Duration("took", time.Since(began)))
	every := time.Duration(0)
	if s.config.Sync == syncInterval {
		every = s.config.SyncInterval
	}
	return newClient(opened, every, func() { s.forget(dir) }), nil
}

func (s *segmentStorage) forget(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, dir)
}

// directoryName returns a readable name of at most 97 bytes that is safe on all file systems and differs
// between any two clients: a hash of all parts follows the readable part.
func directoryName(kind component.Kind, id component.ID, name string) string {
	parts := []string{strings.ToLower(kind.String()), id.Type().String(), id.Name(), name}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	readable := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, strings.Join(parts, "_"))
	return fmt.Sprintf("%.64s-%s", readable, hex.EncodeToString(sum[:16]))
}
