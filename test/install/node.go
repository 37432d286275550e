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

// NodeAppImage is test/nodeapp: an application with the stock OpenTelemetry SDK for Node.js.
const NodeAppImage = "telepod.test/nodeapp:1"

// library matches the path of a library in the output of ldd.
var library = regexp.MustCompile(`(?m)(/\S+) \(0x`)

// NodeApp makes the archive of [NodeAppImage], if necessary: this machine's Node.js, its libraries, the SDK's packages
// and the application.
func NodeApp(ctx context.Context) (string, error) {
	out, err := nodeApp(ctx)
	if err != nil {
		return "", fmt.Errorf("make the image %s: %w", NodeAppImage, err)
	}
	return out, nil
}

func nodeApp(ctx context.Context) (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("%w: is the Debian package nodejs installed?", err)
	}
	files := map[string]string{"/node": node}
	libraries, err := exec.CommandContext(ctx, "ldd", node).Output()
	if err != nil {
		return "", fmt.Errorf("ldd %s: %w", node, err)
	}
	for _, match := range library.FindAllStringSubmatch(string(libraries), -1) {
		files[match[1]] = match[1]
	}
	installed, err := build.Packages(ctx, "test/nodeapp")
	if err != nil {
		return "", err
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
	return archive(cluster.Image{Ref: NodeAppImage, Files: files, Entrypoint: []string{"/node", "/app/app.js"}})
}

// needed reports whether Node.js reads a file of a package at run time: neither types nor variants for browsers.
func needed(file string) bool {
	switch path.Ext(file) {
	case ".js", ".cjs", ".json", ".proto":
		return !strings.Contains(file, "/build/esm/") && !strings.Contains(file, "/build/esnext/")
	}
	return false
}
