package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/gofrs/flock"
)

// Terms identify a replay: a checkpoint is valid only for the replay that created it.
type Terms struct {
	// Bucket is the source of the replay, Target its destination.
	Bucket string `json:"bucket"`
	Target string `json:"target"`
	// Asked is the selection as the user typed it, so that "from=2h" resumes the same replay on another day.
	Asked string `json:"asked"`
}

// Start is the first line of a checkpoint: what a resumed replay keeps.
type Start struct {
	Terms
	// Name identifies the replay and marks its data.
	Name string `json:"replay"`
	// Window is the window that was computed when the replay started.
	Window Window `json:"window"`
}

// done is every other line of a checkpoint.
type done struct {
	Key string `json:"done"`
}

// Checkpoint is a file that records which objects of a replay have arrived: one line of JSON for its [Start]
// and one for each object. It is append-only. An incomplete last line was being written when the program was
// killed, and is dropped. Only one process at a time can open it.
type Checkpoint struct {
	Start
	mu     sync.Mutex
	file   *os.File
	lock   *flock.Flock // on a separate file: on Windows, no other handle can read a locked file
	keys   map[string]bool
	broken error // a failed write: a later line would be appended to its remains
}

// OpenCheckpoint opens the checkpoint of a replay, or creates it with this start.
func OpenCheckpoint(path string, s Start) (*Checkpoint, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a checkpoint: %w", err)
	}
	c := &Checkpoint{Start: s, file: file, lock: flock.New(path + ".lock"), keys: map[string]bool{}}
	if err := c.load(); err != nil {
		c.Close()
		return nil, fmt.Errorf("read checkpoint %s: %w", path, err)
	}
	return c, nil
}

var errNotCheckpoint = errors.New("it is not a replay checkpoint: use another file")

// load reads the existing lines and truncates an incomplete one.
func (c *Checkpoint) load() error {
	switch locked, err := c.lock.TryLock(); {
	case err != nil:
		return fmt.Errorf("lock it: %w", err)
	case !locked:
		return errors.New("another replay is using it: wait until it finishes, or use another file")
	}
	data, err := io.ReadAll(c.file)
	if err != nil {
		return err
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	if opening := []byte(`{"bucket":`); len(whole) == 0 && !bytes.HasPrefix(data, opening[:min(len(data), len(opening))]) {
		return errNotCheckpoint
	}
	if err := c.read(whole); err != nil {
		return err
	}
	if err := c.file.Truncate(int64(len(whole))); err != nil {
		return err
	}
	if _, err := c.file.Seek(int64(len(whole)), io.SeekStart); err != nil {
		return err
	}
	if len(whole) == 0 {
		return c.append(c.Start)
	}
	return nil
}

func (c *Checkpoint) read(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	first, rest, _ := bytes.Cut(lines, []byte("\n"))
	var start Start
	if err := json.Unmarshal(first, &start); err != nil || start.Name == "" {
		return errNotCheckpoint
	}
	if start.Terms != c.Terms {
		return fmt.Errorf("it belongs to another replay, from %s to %s, %s; use another file, or resume that replay",
			start.Bucket, start.Target, start.Asked)
	}
	c.Start = start
	for n, line := range bytes.Split(bytes.TrimSuffix(rest, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var d done
		if err := json.Unmarshal(line, &d); err != nil || d.Key == "" {
			return fmt.Errorf("line %d is not a checkpoint entry: %.80q", n+2, line)
		}
		c.keys[d.Key] = true
	}
	return nil
}

// has reports whether an object has arrived.
func (c *Checkpoint) has(key string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys[key]
}

// done records that an object has arrived. The record is on disk when done returns, and survives a power cut.
func (c *Checkpoint) done(key string) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil {
		c.broken = c.append(done{key})
	}
	if c.broken != nil {
		return fmt.Errorf("write a checkpoint: %w", c.broken)
	}
	c.keys[key] = true
	return nil
}

func (c *Checkpoint) append(line any) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := c.file.Write(append(data, '\n')); err != nil {
		return err
	}
	return c.file.Sync()
}

// Len returns the number of objects that have arrived.
func (c *Checkpoint) Len() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

// Close closes the file, so that another process can open it. An empty .lock file remains.
func (c *Checkpoint) Close() error { return errors.Join(c.file.Close(), c.lock.Close()) }
