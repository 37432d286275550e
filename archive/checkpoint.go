package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Terms identify a replay: a checkpoint is good for the replay that began it, and for no other.
type Terms struct {
	// Bucket and Target are where it reads and where it sends.
	Bucket string `json:"bucket"`
	Target string `json:"target"`
	// Asked is what was asked for, as it was written: "from=2h" of another day is no other replay.
	Asked string `json:"asked"`
}

// Start is a checkpoint's first line: what a replay keeps when it is taken up again.
type Start struct {
	Terms
	// Name is the replay's, and its data's mark.
	Name string `json:"replay"`
	// Window is the one that was asked for, when it was asked for.
	Window Window `json:"window"`
}

// done is each of a checkpoint's other lines.
type done struct {
	Key string `json:"done"`
}

// Checkpoint is a file that remembers which objects of a replay have arrived: a line of JSON for its
// [Start], and one for each object. It is only ever appended to. A line that is not whole is what was
// being written when the program was killed, and does not count. One process at a time has it open.
type Checkpoint struct {
	Start
	mu     sync.Mutex
	file   *os.File
	keys   map[string]bool
	broken error // a write that failed: what follows its line would be part of it
}

// OpenCheckpoint opens a replay's checkpoint, or begins one with this start if the file is not there yet.
func OpenCheckpoint(path string, s Start) (*Checkpoint, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a checkpoint: %w", err)
	}
	c := &Checkpoint{Start: s, file: file, keys: map[string]bool{}}
	if err := c.begin(); err != nil {
		file.Close()
		return nil, fmt.Errorf("read checkpoint %s: %w", path, err)
	}
	return c, nil
}

var errForeign = errors.New("it is not a replay's checkpoint: name another file")

// begin reads what there is, and cuts off a line that is not whole.
func (c *Checkpoint) begin() error {
	if err := lock(c.file); err != nil {
		return err
	}
	data, err := io.ReadAll(c.file)
	if err != nil {
		return err
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	if opening := []byte(`{"bucket":`); len(whole) == 0 && !bytes.HasPrefix(data, opening[:min(len(data), len(opening))]) {
		return errForeign
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
		return errForeign
	}
	if start.Terms != c.Terms {
		return fmt.Errorf("it is another replay's: of %s to %s, %s; name another file, or replay what it is for",
			start.Bucket, start.Target, start.Asked)
	}
	c.Start = start
	for n, line := range bytes.Split(bytes.TrimSuffix(rest, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var d done
		if err := json.Unmarshal(line, &d); err != nil || d.Key == "" {
			return fmt.Errorf("line %d is not a checkpoint's: %.80q", n+2, line)
		}
		c.keys[d.Key] = true
	}
	return nil
}

// has tells whether an object has arrived.
func (c *Checkpoint) has(key string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys[key]
}

// done remembers that an object has arrived. When it returns, not even a power cut makes it forget.
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

// Len is the number of objects that have arrived.
func (c *Checkpoint) Len() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

// Close closes the file.
func (c *Checkpoint) Close() error { return c.file.Close() }
