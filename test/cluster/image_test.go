package cluster

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteImageIsADockerArchiveAndDeterministic(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("content"), 0o755); err != nil {
		t.Fatal(err)
	}
	i := Image{Ref: "telepod.test/x:1", Files: map[string]string{"/b": program, "/a": program}, Entrypoint: []string{"/a", "serve"}}
	var archives [][]byte
	for _, name := range []string{"one.tar", "two.tar"} {
		if err := WriteImage(filepath.Join(dir, name), i); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, b)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the same image was written with different bytes")
	}
	files := untar(t, archives[0])
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	unmarshal(t, files["manifest.json"], &manifest)
	if diff := cmp.Diff([]string{i.Ref}, manifest[0].RepoTags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	var config struct {
		Config struct {
			Entrypoint []string
			User       string
		}
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	unmarshal(t, files[manifest[0].Config], &config)
	if diff := cmp.Diff(i.Entrypoint, config.Config.Entrypoint); diff != "" {
		t.Errorf("entrypoint (-want +got):\n%s", diff)
	}
	if config.Config.User != "65532:65532" {
		t.Errorf("user is %q", config.Config.User)
	}
	layer := files[manifest[0].Layers[0]]
	if want := "sha256:" + digest(layer); config.RootFS.DiffIDs[0] != want {
		t.Errorf("layer is %s, want %s", config.RootFS.DiffIDs[0], want)
	}
	if content := untar(t, layer); len(content) != 2 || string(content["a"]) != "content" {
		t.Errorf("layer contains %q, want the files a and b", content)
	}
}

func TestWriteImageRefusesARelativeEntrypoint(t *testing.T) {
	err := WriteImage(filepath.Join(t.TempDir(), "x.tar"), Image{Ref: "x", Entrypoint: []string{"app"}})
	if err == nil || !strings.Contains(err.Error(), "absolute") {
		t.Errorf("error is %v", err)
	}
}

func untar(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(b))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func unmarshal(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}
