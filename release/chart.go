package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/image"
)

// chartRepository is the chart's name in a registry.
const chartRepository = "telepod/charts/telepod"

// metadata contains the fields of Chart.yaml that a release needs.
type metadata struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	AppVersion  string            `json:"appVersion"`
	Description string            `json:"description"`
	Annotations map[string]string `json:"annotations"`
}

func readChart(root string) (metadata, error) {
	var m metadata
	text, err := os.ReadFile(filepath.Join(root, "charts/telepod/Chart.yaml"))
	if err != nil {
		return m, err
	}
	if err := yaml.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("charts/telepod/Chart.yaml: %w", err)
	}
	return m, nil
}

// chart packs the chart with the digests of its images, as a file and into the OCI layout. It does not use `helm
// package` and `helm push`, because they write the current time.
func (b *builder) chart(context.Context) error {
	store, err := layout.FromPath(b.layout())
	if err != nil {
		return err
	}
	digests, err := digests(store)
	if err != nil {
		return err
	}
	dir := filepath.Join(b.root, "charts/telepod")
	files, err := chartFiles(dir)
	if err != nil {
		return err
	}
	var description []byte
	for i := range files {
		if files[i].name == "telepod/Chart.yaml" {
			if files[i].content, err = b.pinned(files[i].content, digests); err != nil {
				return err
			}
			description = files[i].content
		}
	}
	archive, err := compressedTar(files, b.epoch)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out, fmt.Sprintf("telepod-%s.tgz", b.version)), archive, 0o644); err != nil {
		return err
	}
	artifact, err := b.artifact(description, archive)
	if err != nil {
		return err
	}
	return store.AppendImage(artifact, layout.WithAnnotations(map[string]string{refName: chartRepository}))
}

// digests returns the digests of everything in an OCI layout, by name.
func digests(store layout.Path) (map[string]v1.Hash, error) {
	index, err := store.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	all := map[string]v1.Hash{}
	for _, d := range manifest.Manifests {
		all[d.Annotations[refName]] = d.Digest
	}
	return all, nil
}

// chartFiles returns the files of the chart in order, except those that .helmignore lists.
func chartFiles(dir string) ([]file, error) {
	text, err := os.ReadFile(filepath.Join(dir, ".helmignore"))
	if err != nil {
		return nil, err
	}
	ignored := strings.Fields(string(text))
	var files []file
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		for _, pattern := range ignored {
			if match, err := path.Match(strings.TrimSuffix(pattern, "/"), entry.Name()); err != nil {
				return fmt.Errorf(".helmignore: %s: %w", pattern, err)
			} else if match && entry.IsDir() {
				return fs.SkipDir
			} else if match {
				return nil
			}
		}
		if entry.IsDir() {
			return nil
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		files = append(files, file{"telepod/" + name, content, 0o644})
		return err
	})
	return files, err
}

// pinned adds the images and their digests to the annotations of Chart.yaml, which must be its last key. The chart's
// templates/_images.tpl and Artifact Hub read them.
func (b *builder) pinned(text []byte, digests map[string]v1.Hash) ([]byte, error) {
	var digestLines, listed strings.Builder
	for _, i := range b.chosen() {
		repository := image.Registry + "/" + i.Repository
		fmt.Fprintf(&digestLines, "  telepod.dev/digest/%s: %s\n", repository, digests[i.Repository])
		fmt.Fprintf(&listed, "    - name: %s\n      image: %s:%s@%s\n", i.Title, repository, b.version, digests[i.Repository])
	}
	text = append(bytes.TrimRight(text, "\n"), "\n"+digestLines.String()+"  artifacthub.io/images: |\n"+listed.String()...)
	var m metadata
	if err := yaml.Unmarshal(text, &m); err != nil || m.Annotations["artifacthub.io/images"] == "" {
		return nil, fmt.Errorf("charts/telepod/Chart.yaml: annotations must be its last key, so that digests can be added: %v", err)
	}
	return text, nil
}

// artifact returns the chart as Helm reads it from a registry.
func (b *builder) artifact(description, archive []byte) (v1.Image, error) {
	config, err := yaml.YAMLToJSON(description)
	if err != nil {
		return nil, err
	}
	var m metadata
	if err := yaml.Unmarshal(description, &m); err != nil {
		return nil, err
	}
	content := static.NewLayer(archive, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
	layer, err := partial.Descriptor(content)
	if err != nil {
		return nil, err
	}
	hash, size, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: "application/vnd.cncf.helm.config.v1+json", Size: size, Digest: hash},
		Layers: []v1.Descriptor{*layer},
		Annotations: map[string]string{
			"org.opencontainers.image.title": m.Name, "org.opencontainers.image.version": m.Version,
			"org.opencontainers.image.description": m.Description, "org.opencontainers.image.created": b.epoch.Format(time.RFC3339),
			"org.opencontainers.image.source": "https://github.com/telepod/telepod",
		},
	})
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&artifact{config, manifest, content})
}

// artifact is an OCI artifact with one layer, and a configuration that is not an image's.
type artifact struct {
	config, manifest []byte
	layer            v1.Layer
}

func (a *artifact) RawConfigFile() ([]byte, error)                         { return a.config, nil }
func (a *artifact) RawManifest() ([]byte, error)                           { return a.manifest, nil }
func (a *artifact) MediaType() (types.MediaType, error)                    { return types.OCIManifestSchema1, nil }
func (a *artifact) LayerByDigest(v1.Hash) (partial.CompressedLayer, error) { return a.layer, nil }
