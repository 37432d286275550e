package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/telepod/telepod/image"
)

// builder builds one release.
type builder struct {
	options
	commit string
	epoch  time.Time
}

// build builds everything that needs no registry. It replaces an earlier build.
func build(ctx context.Context, o options) error {
	b, err := newBuilder(ctx, o)
	if err != nil {
		return err
	}
	for _, old := range []string{b.out, b.programs()} {
		if err := os.RemoveAll(old); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"programs and archives", b.archives},
		{"images", b.images},
		{"chart", b.chart},
		{"SBOMs", b.sboms},
		{"krew manifest", b.krew},
		{"checksums", b.checksums},
	} {
		start := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("release %s: %s: %w", b.version, step.name, err)
		}
		fmt.Printf("release %s: %s, %.0fs\n", b.version, step.name, time.Since(start).Seconds())
	}
	fmt.Printf("release %s is in %s\n", b.version, b.out)
	return nil
}

// newBuilder reads the commit and its time from git. SOURCE_DATE_EPOCH overrides the time.
func newBuilder(ctx context.Context, o options) (*builder, error) {
	b := &builder{options: o, epoch: time.Unix(0, 0).UTC()}
	git := exec.CommandContext(ctx, "git", "-C", o.root, "log", "-1", "--format=%H %ct")
	if out, err := git.Output(); err == nil {
		commit, seconds, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		b.commit = commit
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			b.epoch = time.Unix(n, 0).UTC()
		}
	}
	if text := os.Getenv("SOURCE_DATE_EPOCH"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("SOURCE_DATE_EPOCH is %q: write seconds since 1970", text)
		}
		b.epoch = time.Unix(n, 0).UTC()
	}
	return b, nil
}

// compile builds a program for a platform once, and returns its path.
func (b *builder) compile(ctx context.Context, p image.Program, goos, arch string) (string, error) {
	path := filepath.Join(b.programs(), goos+"_"+arch, p.Name)
	if goos == "windows" {
		path += ".exe"
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	ldflags := "-s -w"
	if p.Module == "" {
		ldflags += " -X main.version=" + b.version + " -X main.commit=" + b.commit
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", strings.Join(p.Tags, ","), "-ldflags", ldflags, "-o", path, p.Package)
	cmd.Dir = filepath.Join(b.root, p.Module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOOS="+goos, "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s for %s/%s: %w\n%s", p.Package, goos, arch, err, out)
	}
	return path, nil
}

// programs returns the directory of compiled programs, outside of what is published.
func (b *builder) programs() string { return b.out + "-programs" }

// each calls do for every requested platform, or only for those of one operating system.
func (b *builder) each(system string, do func(goos, arch string) error) error {
	for platform := range strings.SplitSeq(b.platforms, ",") {
		goos, arch, ok := strings.Cut(platform, "/")
		if !ok {
			return fmt.Errorf("-platforms: %q is not a platform: write system/architecture, such as linux/amd64", platform)
		}
		if system != "" && system != goos {
			continue
		}
		if err := do(goos, arch); err != nil {
			return err
		}
	}
	return nil
}

// tool returns a command that runs the program at a path, or, without a path, that of release/tools.
func (o *options) tool(ctx context.Context, program, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	if path == "" {
		cmd = exec.CommandContext(ctx, "go", append([]string{"tool", "-modfile=" + filepath.Join(o.root, "release", "tools", "go.mod"), program}, args...)...)
	}
	cmd.Dir = o.root
	return cmd
}
