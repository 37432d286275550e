package install

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/image"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/helm"
)

// SDKImage is test/otelapp: an application that exports with a stock OpenTelemetry SDK.
const SDKImage = "telepod.test/otelapp:1"

// CollectorImage returns the sidecar's image in the built-in profiles.
func CollectorImage() (string, error) {
	set, err := profiles.Builtin()
	if err != nil {
		return "", err
	}
	base, ok := set.Lookup("base")
	if !ok {
		return "", errors.New("the built-in profile \"base\", which sets the Collector's image, does not exist")
	}
	return base.Sidecar.Image, nil
}

// Images returns the archives for [cluster.Options.Images] or [cluster.Cluster.LoadImage], built if necessary:
// the injector, the Collector and the application with an SDK. Every node already has [cluster.AppImage].
func Images(ctx context.Context) ([]string, error) {
	return archives(ctx, injectorImage, collectorImage, sdkImage)
}

// ImagesOfShop returns the archives of the injector, the Collector and the services of examples/shop.
func ImagesOfShop(ctx context.Context) ([]string, error) {
	return archives(ctx, injectorImage, collectorImage, shopImage)
}

// archiveBuilder builds a program or image if necessary and returns its path.
type archiveBuilder func(context.Context) (string, error)

func archives(ctx context.Context, images ...archiveBuilder) (paths []string, err error) {
	for _, image := range images {
		path, err := image(ctx)
		if err != nil {
			return nil, fmt.Errorf("build the images of the cluster: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// CommandLineImage returns the archive of the telepod command, which only drills need.
func CommandLineImage(ctx context.Context) (string, error) {
	return product(ctx, image.CommandLine())
}

func injectorImage(ctx context.Context) (string, error) { return product(ctx, image.Injector()) }

func collectorImage(ctx context.Context) (string, error) { return product(ctx, image.Collector()) }

// product returns the archive of a release's image, under its default name in the chart.
func product(ctx context.Context, i image.Image) (string, error) {
	version, err := appVersion()
	if err != nil {
		return "", err
	}
	files := map[string]string{image.Roots: image.Roots}
	for _, p := range i.Programs {
		if files[p.Path], err = build.Binary(ctx, build.Spec{Name: p.Name, Module: p.Module, Package: p.Package, Tags: p.Tags, Takes: p.Takes}); err != nil {
			return "", err
		}
	}
	return archive(cluster.Image{Ref: i.Ref(version), Files: files, Entrypoint: i.Entrypoint, User: i.User})
}

// appVersion is the default tag of the chart's images.
func appVersion() (string, error) {
	chart, err := helm.Chart()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(chart, "Chart.yaml"))
	if err != nil {
		return "", err
	}
	var meta struct{ AppVersion string }
	if err := yaml.Unmarshal(text, &meta); err != nil {
		return "", fmt.Errorf("read Chart.yaml: %w", err)
	}
	return meta.AppVersion, nil
}

func telepodProgram(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{Name: "telepod", Package: "./cmd/telepod"})
}

func sdkImage(ctx context.Context) (string, error) {
	program, err := collector.App(ctx)
	if err != nil {
		return "", err
	}
	return archive(cluster.Image{Ref: SDKImage, Files: map[string]string{"/otelapp": program}, Entrypoint: []string{"/otelapp"}})
}

// shopImage has the name in the manifests of examples/shop.
func shopImage(ctx context.Context) (string, error) {
	program, err := collector.Shop(ctx)
	if err != nil {
		return "", err
	}
	return archive(cluster.Image{Ref: "telepod.test/shop:1", Files: map[string]string{"/shop": program}, Entrypoint: []string{"/shop"}})
}

// archive writes the image next to the program of its entrypoint. Program directories are named by their content,
// so each image is made once.
func archive(i cluster.Image) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, i.Ref, i.User, i.Entrypoint)
	for _, name := range slices.Sorted(maps.Keys(i.Files)) {
		fmt.Fprintln(sum, name, i.Files[name])
	}
	out := filepath.Join(filepath.Dir(i.Files[i.Entrypoint[len(i.Entrypoint)-1]]), "image-"+hex.EncodeToString(sum.Sum(nil)[:6])+".tar")
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	return out, cluster.WriteImage(out, i)
}
