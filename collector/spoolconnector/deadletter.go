package spoolconnector

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// deadLetters keeps data that a store rejected in a directory, as OTLP protobuf.
type deadLetters struct {
	config DeadLetterConfig
	signal string
	mu     sync.Mutex // writes of one connector; others have other prefixes
	last   time.Time
}

// keep writes one file, and deletes the oldest ones above the limit.
func (d *deadLetters) keep(data []byte, now time.Time) error {
	if d.config.Directory == "" {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := os.MkdirAll(d.config.Directory, 0o700); err != nil {
		return fmt.Errorf("keep rejected data: %w", err)
	}
	if !now.After(d.last) {
		now = d.last.Add(1)
	}
	d.last = now
	if err := d.makeRoom(int64(len(data))); err != nil {
		return fmt.Errorf("keep rejected data: %w", err)
	}
	name := filepath.Join(d.config.Directory, d.signal+"-"+now.UTC().Format("20060102T150405.000000000Z")+".binpb")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		return fmt.Errorf("keep rejected data: %w", err)
	}
	return nil
}

func (d *deadLetters) makeRoom(size int64) error {
	if size > d.config.MaxBytes {
		return fmt.Errorf("%d bytes are more than dead_letter.max_bytes, %d", size, d.config.MaxBytes)
	}
	files, err := filepath.Glob(filepath.Join(d.config.Directory, d.signal+"-*.binpb")) // sorted: the oldest first
	if err != nil {
		return err
	}
	sizes := make([]int64, len(files))
	total := size
	for i, file := range files {
		if info, err := os.Stat(file); err == nil {
			sizes[i] = info.Size()
			total += sizes[i]
		}
	}
	for i := 0; total > d.config.MaxBytes && i < len(files); i++ {
		if err := os.Remove(files[i]); err != nil {
			return err
		}
		total -= sizes[i]
	}
	return nil
}
