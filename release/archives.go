package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/image"
)

// file is one file of an archive.
type file struct {
	name    string
	content []byte
	mode    fs.FileMode
}

// archives writes one archive of telepod for each platform: program, licence, completions and man pages.
func (b *builder) archives(ctx context.Context) error {
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	common, err := b.commonFiles(ctx)
	if err != nil {
		return err
	}
	program := image.CommandLine().Programs[0]
	return b.each("", func(goos, arch string) error {
		path, err := b.compile(ctx, program, goos, arch)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files := append([]file{{filepath.Base(path), content, 0o755}}, common...)
		name := filepath.Join(b.out, b.archiveName(goos, arch))
		if goos == "windows" {
			return writeZip(name, files, b.epoch)
		}
		return writeTarball(name, files, b.epoch)
	})
}

// archiveName returns the file name of telepod's archive for a platform.
func (b *builder) archiveName(goos, arch string) string {
	extension := ".tar.gz"
	if goos == "windows" {
		extension = ".zip"
	}
	return fmt.Sprintf("telepod_%s_%s_%s%s", b.version, goos, arch, extension)
}

// commonFiles returns the files that are the same on every platform. telepod writes its completions and man pages.
func (b *builder) commonFiles(ctx context.Context) ([]file, error) {
	program, err := b.compile(ctx, image.CommandLine().Programs[0], runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	pages, err := os.MkdirTemp("", "telepod-man-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(pages)
	if _, err := b.telepod(ctx, program, "man", pages); err != nil {
		return nil, err
	}
	var files []file
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		content, err := os.ReadFile(filepath.Join(b.root, name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, content, 0o644})
	}
	for _, shell := range []string{"bash", "fish", "powershell", "zsh"} {
		script, err := b.telepod(ctx, program, "completion", shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{"completions/telepod." + shell, script, 0o644})
	}
	manuals, err := filepath.Glob(filepath.Join(pages, "*.1"))
	if err != nil || len(manuals) == 0 {
		return nil, fmt.Errorf("telepod man wrote no pages: %v", err)
	}
	for _, path := range manuals {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, file{"man/" + filepath.Base(path), content, 0o644})
	}
	return files, nil
}

func (b *builder) telepod(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// Flags may have defaults from the environment, which must not get into a release.
	cmd.Env = []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", b.epoch.Unix())}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("telepod %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out, nil
}

// writeTarball writes files in the given order, all with the same time and no owner.
func writeTarball(path string, files []file, when time.Time) error {
	content, err := compressedTar(files, when)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

func compressedTar(files []file, when time.Time) ([]byte, error) {
	var b bytes.Buffer
	zipper, err := gzip.NewWriterLevel(&b, gzip.DefaultCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(zipper)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(f.content)), ModTime: when, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := zipper.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeZip(path string, files []file, when time.Time) error {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: when}
		header.SetMode(f.mode)
		out, err := w.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := out.Write(f.content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// checksums writes checksums.txt, in the format of sha256sum, for every file of the release.
func (b *builder) checksums(context.Context) error {
	entries, err := os.ReadDir(b.out)
	if err != nil {
		return err
	}
	var lines []string
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		sum, err := sha256File(filepath.Join(b.out, entry.Name()))
		if err != nil {
			return err
		}
		lines = append(lines, sum+"  "+entry.Name()+"\n")
	}
	slices.Sort(lines)
	return os.WriteFile(filepath.Join(b.out, "checksums.txt"), []byte(strings.Join(lines, "")), 0o644)
}

func sha256File(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(content)), nil
}
