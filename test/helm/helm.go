package helm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/build"
)

// CLI is a helm program with its own settings, caches and plugins.
type CLI struct {
	path, home string
}

// V4 builds Helm 4 if necessary.
func V4(ctx context.Context) (CLI, error) { return newCLI(ctx, 4) }

// V3 builds Helm 3 if necessary.
func V3(ctx context.Context) (CLI, error) { return newCLI(ctx, 3) }

func newCLI(ctx context.Context, major int) (CLI, error) {
	path, err := build.Binary(ctx, build.Spec{
		Name:    fmt.Sprintf("helm%d", major),
		Module:  "test/helm/cli",
		Package: fmt.Sprintf("helm.sh/helm/v%d/cmd/helm", major),
		Takes:   "about 2 minutes",
	})
	if err != nil {
		return CLI{}, err
	}
	cache, err := build.Cache()
	if err != nil {
		return CLI{}, err
	}
	return CLI{path: path, home: filepath.Join(cache, "helm-home")}, nil
}

// ForTest returns Helm 4 and the directory of the project's chart.
func ForTest(t testing.TB) (CLI, string) {
	t.Helper()
	cli, err := V4(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	chart, err := Chart()
	if err != nil {
		t.Fatal(err)
	}
	return cli, chart
}

// Run runs helm and returns its standard output. An error includes standard error.
func (c CLI) Run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), c.environment()...)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("helm %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

func (c CLI) environment() []string {
	return []string{
		"HELM_CACHE_HOME=" + filepath.Join(c.home, "cache"),
		"HELM_CONFIG_HOME=" + filepath.Join(c.home, "config"),
		"HELM_DATA_HOME=" + filepath.Join(c.home, "data"),
	}
}

// Script returns a shell command that runs helm with the script's arguments.
func (c CLI) Script() string {
	return "exec env '" + strings.Join(c.environment(), "' '") + "' '" + c.path + "' \"$@\""
}

// Chart returns the directory of the project's chart.
func Chart() (string, error) {
	root, err := build.Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "charts", "telepod"), nil
}
