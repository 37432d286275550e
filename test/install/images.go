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
	"os/exec"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/helm"
)

// SDKImage is test/otelapp: an application that exports with a stock OpenTelemetry SDK.
const SDKImage = "telepod.test/otelapp:1"

// CollectorImage is the image that the built-in profiles name for the sidecar.
func CollectorImage() (string, error) {
	set, err := profiles.Builtin()
	if err != nil {
		return "", err
	}
	base, ok := set.Lookup("base")
	if !ok {
		return "", errors.New("no built-in profile \"base\" to take the Collector's image from")
	}
	return base.Sidecar.Image, nil
}

// Images builds, if need be, and returns the archives for [cluster.Options.Images] or
// [cluster.Cluster.LoadImage]: Telepod, the Collector and the application with an SDK.
// [cluster.AppImage] is on every node already.
func Images(ctx context.Context) ([]string, error) {
	return archives(ctx, telepodImage, collectorImage, sdkImage)
}

// ImagesOfShop are [Images] with the services of examples/shop.
func ImagesOfShop(ctx context.Context) ([]string, error) {
	return archives(ctx, telepodImage, collectorImage, shopImage)
}

// maker builds a program or an image, and returns its path.
type maker func(context.Context) (string, error)

func archives(ctx context.Context, images ...maker) (paths []string, err error) {
	for _, image := range images {
		path, err := image(ctx)
		if err != nil {
			return nil, fmt.Errorf("make the images of the cluster: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// telepodImage is made from image/telepod.Dockerfile where buildah is or can be installed, and is of the same
// layout otherwise. The archive is kept beside the program that it holds.
func telepodImage(ctx context.Context) (string, error) {
	ref, err := telepodRef()
	if err != nil {
		return "", err
	}
	program, err := telepodProgram(ctx)
	if err != nil {
		return "", err
	}
	if !canBuildah() {
		return archive(cluster.Image{Ref: ref, Files: map[string]string{
			"/telepod": program, "/etc/ssl/certs/ca-certificates.crt": "/etc/ssl/certs/ca-certificates.crt",
		}, Entrypoint: []string{"/telepod"}})
	}
	root, err := build.Root()
	if err != nil {
		return "", err
	}
	recipe, err := hash(filepath.Join(root, "image/telepod.Dockerfile"), filepath.Join(root, ".dockerignore"), filepath.Join(root, "image/build.sh"))
	if err != nil {
		return "", err
	}
	out := filepath.Join(filepath.Dir(program), "image-"+recipe+".tar")
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	fmt.Fprintln(os.Stderr, "build the image from image/telepod.Dockerfile")
	cmd := exec.CommandContext(ctx, filepath.Join(root, "image/build.sh"), "telepod", out+".new")
	cmd.Env = append(os.Environ(), "IMAGE="+ref)
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("image/build.sh: %w\n%s", err, said)
	}
	return out, os.Rename(out+".new", out)
}

// telepodRef is the image that the chart names by default, as a node knows it.
func telepodRef() (string, error) {
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
	return "ghcr.io/telepod/telepod:" + meta.AppVersion, nil
}

func telepodProgram(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{Name: "telepod", Package: "./cmd/telepod"})
}

func canBuildah() bool {
	if _, err := exec.LookPath("buildah"); err == nil {
		return true
	}
	_, err := exec.LookPath("apt-get")
	return err == nil && os.Geteuid() == 0
}

func collectorImage(ctx context.Context) (string, error) {
	ref, err := CollectorImage()
	if err != nil {
		return "", err
	}
	path, err := collector.Program(ctx)
	if err != nil {
		return "", err
	}
	supervisor, err := collector.Supervisor(ctx)
	if err != nil {
		return "", err
	}
	// As in image/collector.Dockerfile.
	return archive(cluster.Image{Ref: ref, Files: map[string]string{
		"/collector-supervisor": supervisor, "/otelcol": path, "/etc/ssl/certs/ca-certificates.crt": "/etc/ssl/certs/ca-certificates.crt",
	}, Entrypoint: []string{"/collector-supervisor", "--", "/otelcol"}, User: "10001:10001"})
}

func sdkImage(ctx context.Context) (string, error) {
	program, err := collector.App(ctx)
	if err != nil {
		return "", err
	}
	return archive(cluster.Image{Ref: SDKImage, Files: map[string]string{"/otelapp": program}, Entrypoint: []string{"/otelapp"}})
}

// shopImage has the name that the manifests of examples/shop use.
func shopImage(ctx context.Context) (string, error) {
	program, err := collector.Shop(ctx)
	if err != nil {
		return "", err
	}
	return archive(cluster.Image{Ref: "telepod.test/shop:1", Files: map[string]string{"/shop": program}, Entrypoint: []string{"/shop"}})
}

// archive keeps the image beside the program that its entrypoint runs: the directories of programs are named by
// their content, so the image is made once.
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

func hash(paths ...string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d\n%s", len(content), content)
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}
