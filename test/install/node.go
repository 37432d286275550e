package install

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
)

// NodeAppImage is test/nodeapp: an application with the stock OpenTelemetry SDK for Node.js. DenoAppImage is test/denoapp,
// with the SDK for Rust that is in Deno.
const (
	NodeAppImage = "telepod.test/nodeapp:1"
	DenoAppImage = "telepod.test/denoapp:1"
)

// library matches the path of a library in the output of ldd.
var library = regexp.MustCompile(`(?m)(/\S+) \(0x`)

// ScriptApps makes the archives of [NodeAppImage] and [DenoAppImage], if necessary: a runtime (this machine's Node.js, and
// Deno from a package), its libraries, the SDK's packages and the application.
func ScriptApps(ctx context.Context) ([]string, error) { return archives(ctx, nodeApp, denoApp) }

func nodeApp(ctx context.Context) (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("%w: is the Debian package nodejs installed?", err)
	}
	installed, err := build.Packages(ctx, "test/nodeapp")
	if err != nil {
		return "", err
	}
	return scriptApp(ctx, NodeAppImage, installed, node, "/node")
}

func denoApp(ctx context.Context) (string, error) {
	installed, err := build.Packages(ctx, "test/denoapp")
	if err != nil {
		return "", err
	}
	deno, err := filepath.Glob(filepath.Join(installed, "node_modules/@deno/linux-*/deno"))
	if err != nil {
		return "", err
	}
	if len(deno) != 1 {
		return "", fmt.Errorf("npm installed %d programs %q: want Deno for this machine", len(deno), deno)
	}
	return scriptApp(ctx, DenoAppImage, installed, deno[0], "/deno", "run", "--no-remote", "--allow-env")
}

// scriptApp makes the image of a script, with a runtime of this machine.
func scriptApp(ctx context.Context, ref, installed, runtime string, command ...string) (string, error) {
	files := map[string]string{command[0]: runtime}
	libraries, err := exec.CommandContext(ctx, "ldd", runtime).Output()
	if err != nil {
		return "", fmt.Errorf("ldd %s: %w", runtime, err)
	}
	for _, match := range library.FindAllStringSubmatch(string(libraries), -1) {
		files[match[1]] = match[1]
	}
	err = filepath.WalkDir(installed, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(installed, file)
		if inImage := path.Join("/app", filepath.ToSlash(name)); err == nil && needed(inImage) {
			files[inImage] = file
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return archive(cluster.Image{Ref: ref, Files: files, Entrypoint: append(command, "/app/app.js")})
}

// needed reports whether a runtime reads a file of a package. It excludes types and variants for browsers.
func needed(file string) bool {
	switch path.Ext(file) {
	case ".js", ".cjs", ".json", ".proto":
		return !strings.Contains(file, "/build/esm/") && !strings.Contains(file, "/build/esnext/")
	}
	return false
}
