package archive

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCheckpointFull: after a failed write, such as on a full disk, nothing is appended to the incomplete line, even
// when space is available again.
func TestCheckpointFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	start := Start{Terms: Terms{Bucket: "b", Target: "t", Asked: "a"}, Name: "r"}
	c, err := OpenCheckpoint(path, start)
	if err != nil {
		t.Fatal(err)
	}
	disk := c.file
	if c.file, err = os.Open(path); err != nil { // read-only, so writes fail
		t.Fatal(err)
	}
	if err := c.done("k1"); err == nil {
		t.Fatal("a failed write returned no error")
	}
	c.file.Close()
	if _, err := disk.WriteString(`{"done":"k`); err != nil {
		t.Fatal(err)
	}
	c.file = disk
	if err := c.done("k2"); err == nil {
		t.Error("it appended to an incomplete line")
	}
	c.Close()
	again, err := OpenCheckpoint(path, start)
	if err != nil {
		t.Fatalf("the checkpoint can no longer be read: %v", err)
	}
	again.Close()
}
