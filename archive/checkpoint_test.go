package archive_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telepod/telepod/archive"
)

// TestCheckpointFiles opens files that a checkpoint's path may refer to.
func TestCheckpointFiles(t *testing.T) {
	start := archive.Start{Terms: archive.Terms{Bucket: "b", Target: "t", Asked: "a"}, Name: "new"}
	const first = `{"bucket":"b","target":"t","asked":"a","replay":"r1","window":{"to":"2026-11-22T12:00:00Z"}}` + "\n"
	for _, test := range []struct {
		name, file string
		replay     string
		keys       int
		err        string
	}{
		{"no file", "", "new", 0, ""},
		{"killed in the first line", first[:20], "new", 0, ""},
		{"just started", first, "r1", 0, ""},
		{"two objects", first + `{"done":"k1"}` + "\n" + `{"done":"k2"}` + "\n", "r1", 2, ""},
		{"killed in a line", first + `{"done":"k1"}` + "\n" + `{"done":"k`, "r1", 1, ""},
		{"another replay", strings.Replace(first, `"target":"t"`, `"target":"u"`, 1), "", 0, "it belongs to another replay, from b to u, a"},
		{"another file", "kind: Pod\n", "", 0, "it is not a replay checkpoint"},
		{"another file with one line", "password", "", 0, "it is not a replay checkpoint"},
		{"a damaged line", first + "{}\n", "", 0, "line 2 is not a checkpoint entry"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "checkpoint")
			if test.file != "" {
				if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // the file can be opened again
				c, err := archive.OpenCheckpoint(path, start)
				if test.err != "" {
					if err == nil || !strings.Contains(err.Error(), test.err) {
						t.Fatalf("error %v, want %q", err, test.err)
					}
					if after, _ := os.ReadFile(path); string(after) != test.file {
						t.Errorf("the file was changed to %q", after)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if c.Name != test.replay || c.Len() != test.keys {
					t.Errorf("replay %s with %d objects, want %s with %d", c.Name, c.Len(), test.replay, test.keys)
				}
				c.Close()
			}
		})
	}
}

// TestCheckpointInUse: two replays with one checkpoint would send all data twice.
func TestCheckpointInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	first, err := archive.OpenCheckpoint(path, archive.Start{Name: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := archive.OpenCheckpoint(path, archive.Start{Name: "r1"}); err == nil || !strings.Contains(err.Error(), "another replay is using it") {
		t.Errorf("error %v", err)
	}
	first.Close()
	again, err := archive.OpenCheckpoint(path, archive.Start{Name: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
