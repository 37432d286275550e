package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/telepod/telepod/image"
)

// images writes a manifest list of each image into the OCI layout of the release.
func (b *builder) images(ctx context.Context) error {
	store, err := layout.Write(b.layout(), empty.Index)
	if err != nil {
		return err
	}
	for _, i := range b.chosen() {
		index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
		err := b.each("linux", func(_, arch string) error {
			one, err := b.image(ctx, i, arch)
			if err != nil {
				return err
			}
			platform := &v1.Platform{OS: "linux", Architecture: arch}
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: one, Descriptor: v1.Descriptor{Platform: platform}})
			return nil
		})
		if err != nil {
			return err
		}
		index = mutate.Annotations(index, b.labels(i)).(v1.ImageIndex)
		if err := store.AppendIndex(index, layout.WithAnnotations(map[string]string{refName: i.Repository})); err != nil {
			return err
		}
	}
	return nil
}

// chosen returns the images to build.
func (b *builder) chosen() []image.Image {
	names := strings.Split(b.names, ",")
	return slices.DeleteFunc(image.All(), func(i image.Image) bool { return !slices.Contains(names, i.Name()) })
}

// refName is the annotation that names an entry of an OCI layout.
const refName = "org.opencontainers.image.ref.name"

func (b *builder) layout() string { return filepath.Join(b.out, "oci") }

func (b *builder) labels(i image.Image) map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title": i.Title, "org.opencontainers.image.description": i.Description,
		"org.opencontainers.image.source": "https://github.com/telepod/telepod", "org.opencontainers.image.licenses": "Apache-2.0",
		"org.opencontainers.image.version": b.version, "org.opencontainers.image.created": b.epoch.Format(time.RFC3339),
	}
	if b.commit != "" {
		labels["org.opencontainers.image.revision"] = b.commit
	}
	return labels
}

// image returns an image for one architecture: a layer with the public roots, and one with the programs.
func (b *builder) image(ctx context.Context, i image.Image, arch string) (v1.Image, error) {
	files := map[string][]byte{}
	for _, p := range i.Programs {
		path, err := b.compile(ctx, p, "linux", arch)
		if err != nil {
			return nil, err
		}
		if files[p.Path], err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	roots, err := layer(map[string][]byte{image.Roots: rootsPEM()}, 0o644, b.epoch)
	if err != nil {
		return nil, err
	}
	programs, err := layer(files, 0o755, b.epoch)
	if err != nil {
		return nil, err
	}
	one := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	history := func(what string) v1.History {
		return v1.History{Created: v1.Time{Time: b.epoch}, CreatedBy: "release: " + what}
	}
	one, err = mutate.Append(one, mutate.Addendum{Layer: roots, History: history("roots")}, mutate.Addendum{Layer: programs, History: history("programs")})
	if err != nil {
		return nil, err
	}
	config, err := one.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", arch, v1.Time{Time: b.epoch}
	config.Config = v1.Config{Entrypoint: i.Entrypoint, User: i.User, WorkingDir: "/", Labels: b.labels(i)}
	return mutate.ConfigFile(one, config)
}

// layer returns a layer whose files have the same mode and belong to root.
func layer(files map[string][]byte, mode int64, when time.Time) (v1.Layer, error) {
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	var paths []string
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		header := &tar.Header{Name: strings.TrimPrefix(path, "/"), Mode: mode, Size: int64(len(files[path])), ModTime: when, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(files[path]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil }
	return tarball.LayerFromOpener(opener, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// rootsPEM returns the public authorities that Mozilla trusts without constraints.
func rootsPEM() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return b.Bytes()
}

// writeArchive builds one image and writes it as a docker-archive.
func writeArchive(ctx context.Context, o options) error {
	b, err := newBuilder(ctx, o)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(b.programs()); err != nil {
		return err
	}
	all := image.All()
	chosen := slices.IndexFunc(all, func(i image.Image) bool { return i.Name() == o.name })
	if chosen < 0 {
		return errors.New("-name: choose injector, telepod or collector")
	}
	one, err := b.image(ctx, all[chosen], o.arch)
	if err != nil {
		return err
	}
	path := o.archive
	if path == "" {
		path = filepath.Join(o.root, "bin", o.name+"-image.tar")
	}
	tag, err := name.NewTag(all[chosen].Ref(o.version))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := tarball.WriteToFile(path, tag, one); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	size, err := compressed(one)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s, linux/%s, %.1f MB compressed\n", path, tag, o.arch, float64(size)/1e6)
	return nil
}

// compressed returns the number of bytes that a node pulls.
func compressed(i v1.Image) (int64, error) {
	layers, err := i.Layers()
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, l := range layers {
		size, err := l.Size()
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}
