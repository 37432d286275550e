package archive

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCheckpointFull: after a write that failed, as on a full disk, nothing follows what is left of its
// line, even if there is room again.
func TestCheckpointFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	start := Start{Terms: Terms{Bucket: "b", Target: "t", Asked: "a"}, Name: "r"}
	c, err := OpenCheckpoint(path, start)
	if err != nil {
		t.Fatal(err)
	}
	disk := c.file
	if c.file, err = os.Open(path); err != nil { // not to be written to
		t.Fatal(err)
	}
	if err := c.done("k1"); err == nil {
		t.Fatal("a write that failed is no error")
	}
	c.file.Close()
	if _, err := disk.WriteString(`{"done":"k`); err != nil {
		t.Fatal(err)
	}
	c.file = disk
	if err := c.done("k2"); err == nil {
		t.Error("it goes on after half a line")
	}
	c.Close()
	again, err := OpenCheckpoint(path, start)
	if err != nil {
		t.Fatalf("the checkpoint is no longer one: %v", err)
	}
	again.Close()
}
