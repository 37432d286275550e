package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/telepod/telepod/image"
)

// standIn returns a builder with stand-ins for all programs, because compiling them takes long.
func standIn(t *testing.T) *builder {
	t.Helper()
	o, err := parse("build", []string{"-out", filepath.Join(t.TempDir(), "release"), "-platforms", "linux/amd64,linux/arm64,darwin/arm64"})
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{options: o, commit: "abc", epoch: time.Unix(1700000000, 0).UTC()}
	for _, arch := range []string{"amd64", "arm64"} {
		for _, i := range image.All() {
			for _, p := range i.Programs {
				path := filepath.Join(b.programs(), "linux_"+arch, p.Name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(p.Name+" for "+arch), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(context.Context) error{b.images, b.chart} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// TestImages: each is a valid list for two architectures, with its programs, user and entrypoint.
func TestImages(t *testing.T) {
	b := standIn(t)
	found := 0
	err := b.published(func(repository string, index v1.ImageIndex, d v1.Descriptor) error {
		at := slices.IndexFunc(image.All(), func(i image.Image) bool { return i.Repository == repository })
		if at < 0 {
			return nil
		}
		found++
		list, err := index.ImageIndex(d.Digest)
		if err != nil {
			return err
		}
		if err := validate.Index(list); err != nil {
			t.Errorf("%s: %v", repository, err)
		}
		manifest, err := list.IndexManifest()
		if err != nil {
			return err
		}
		var platforms []string
		for _, m := range manifest.Manifests {
			platforms = append(platforms, m.Platform.String())
			one, err := list.Image(m.Digest)
			if err != nil {
				return err
			}
			checkImage(t, image.All()[at], one, m.Platform.Architecture)
		}
		if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(platforms, want) {
			t.Errorf("%s is for %v, want %v", repository, platforms, want)
		}
		return nil
	})
	if err != nil || found != len(image.All()) {
		t.Fatalf("found %d images, want %d: %v", found, len(image.All()), err)
	}
}

func checkImage(t *testing.T, i image.Image, one v1.Image, arch string) {
	t.Helper()
	config, err := one.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Architecture != arch || config.Config.User != i.User || !slices.Equal(config.Config.Entrypoint, i.Entrypoint) {
		t.Errorf("%s: %s, user %s, %v", i.Repository, config.Architecture, config.Config.User, config.Config.Entrypoint)
	}
	files := map[string]string{}
	r := tar.NewReader(mutate.Extract(one))
	for {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files["/"+header.Name] = string(content)
		if header.Uid != 0 || header.Mode&0o022 != 0 {
			t.Errorf("%s: %s belongs to %d, mode %o", i.Repository, header.Name, header.Uid, header.Mode)
		}
	}
	if roots := strings.Count(files[image.Roots], "BEGIN CERTIFICATE"); roots < 50 {
		t.Errorf("%s has %d public roots", i.Repository, roots)
	}
	for _, p := range i.Programs {
		if want := p.Name + " for " + arch; files[p.Path] != want {
			t.Errorf("%s: %s is %q, want %q", i.Repository, p.Path, files[p.Path], want)
		}
	}
	if len(files) != len(i.Programs)+1 {
		t.Errorf("%s has %d files, want only its programs and the roots", i.Repository, len(files))
	}
}

// TestSameBytes: a second build in another place has the same digests, those of the chart and its file included.
func TestSameBytes(t *testing.T) {
	first, second := standIn(t), standIn(t)
	for _, name := range []string{"oci/index.json", "telepod-" + first.version + ".tgz"} {
		one, err := os.ReadFile(filepath.Join(first.out, name))
		if err != nil {
			t.Fatal(err)
		}
		if two, err := os.ReadFile(filepath.Join(second.out, name)); err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s differs, %v", name, err)
		}
	}
}

// TestChartNamesDigests: the published chart has the digest of every image, and keeps its other metadata.
func TestChartNamesDigests(t *testing.T) {
	b := standIn(t)
	store, err := layout.FromPath(b.layout())
	if err != nil {
		t.Fatal(err)
	}
	all, err := digests(store)
	if err != nil {
		t.Fatal(err)
	}
	text, err := b.pinned([]byte("name: telepod\nversion: 1.0.0\nannotations:\n  a: b\n"), all)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range image.All() {
		if want := "  telepod.dev/digest/ghcr.io/" + i.Repository + ": " + all[i.Repository].String() + "\n"; !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if _, err := b.pinned([]byte("annotations: {}\nname: telepod\n"), all); err == nil || !strings.Contains(err.Error(), "its last key") {
		t.Errorf("a Chart.yaml that ends in another key gave %v", err)
	}
}

// TestMistakes: wrong flags and files give an error that says what to set.
func TestMistakes(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "usage: release build"},
		{[]string{"make"}, `unknown command "make"`},
		{[]string{"build", "now"}, `unexpected argument "now"`},
		{[]string{"build", "-root", empty}, "is not the root of the repository"},
		{[]string{"build", "-version", "v99.0.0"}, "set both to 99.0.0"},
		{[]string{"push", "-out", empty}, "run make release first"},
		{[]string{"image", "-out", filepath.Join(empty, "a"), "-name", "operator"}, "choose injector, telepod or collector"},
	} {
		if err := run(t.Context(), c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("release %v gave %v, want %q", c.args, err, c.want)
		}
	}
	b := &builder{options: options{platforms: "linux"}}
	if err := b.each("", nil); err == nil || !strings.Contains(err.Error(), "is not a platform") {
		t.Errorf("a platform without architecture gave %v", err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "today")
	if _, err := newBuilder(t.Context(), options{}); err == nil || !strings.Contains(err.Error(), "seconds since 1970") {
		t.Errorf("SOURCE_DATE_EPOCH=today gave %v", err)
	}
}
