package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Image is a container image of one layer, made without a builder or a registry.
type Image struct {
	// Ref is the image's name, such as telepod.test/telepod:dev.
	Ref string
	// Files maps absolute paths in the image to files on this machine. All are executable.
	Files map[string]string
	// Entrypoint starts with an absolute path in the image.
	Entrypoint []string
	// User is "uid:gid"; "65532:65532" if empty.
	User string
}

// WriteImage writes the image as a docker-archive file, which containerd, Docker, Podman and kind can
// load. The output is reproducible.
func WriteImage(out string, i Image) error {
	if err := i.write(out); err != nil {
		return fmt.Errorf("write image %s to %s: %w", i.Ref, out, err)
	}
	return nil
}

func (i Image) write(out string) error {
	if len(i.Entrypoint) == 0 || !filepath.IsAbs(i.Entrypoint[0]) {
		return fmt.Errorf("entrypoint %q: want an absolute path first", i.Entrypoint)
	}
	layer, err := i.layer()
	if err != nil {
		return err
	}
	user := i.User
	if user == "" {
		user = "65532:65532"
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config":  map[string]any{"Entrypoint": i.Entrypoint, "User": user, "WorkingDir": "/"},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(layer)}},
		"history": []any{map[string]any{"created_by": "telepod"}},
	})
	if err != nil {
		return err
	}
	configFile, layerFile := digest(config)+".json", digest(layer)+"/layer.tar"
	manifest, err := json.Marshal([]any{map[string]any{
		"Config": configFile, "RepoTags": []string{i.Ref}, "Layers": []string{layerFile},
	}})
	if err != nil {
		return err
	}
	archive, err := archive([]entry{{configFile, config, 0o644}, {layerFile, layer, 0o644}, {"manifest.json", manifest, 0o644}})
	if err != nil {
		return err
	}
	return replace(out, archive)
}

func (i Image) layer() ([]byte, error) {
	var entries []entry
	for _, path := range slices.Sorted(maps.Keys(i.Files)) {
		content, err := os.ReadFile(i.Files[path])
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{strings.TrimPrefix(path, "/"), content, 0o755})
	}
	return archive(entries)
}

type entry struct {
	name    string
	content []byte
	mode    int64
}

func archive(entries []entry) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		err := w.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.content)), Typeflag: tar.TypeReg})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// replace writes a file atomically: other processes may read or write it at the same time.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename
	_, err = f.Write(content)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
