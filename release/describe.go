package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/image"
)

// sboms writes one SBOM (CycloneDX) for each program, from the list of modules in the program for linux.
// cyclonedx-gomod replaces syft because it reads programs, not sources, and compiles in seconds.
func (b *builder) sboms(ctx context.Context) error {
	for _, i := range b.chosen() {
		for _, p := range i.Programs {
			var arch string
			err := b.each("linux", func(_, a string) error {
				if arch == "" {
					arch = a
				}
				return nil
			})
			if err != nil || arch == "" {
				return err
			}
			program, err := b.compile(ctx, p, "linux", arch)
			if err != nil {
				return err
			}
			cmd := b.tool(ctx, "cyclonedx-gomod", b.cyclonedx, "bin", "-json", "-noserial", "-notimestamp", "-std", "-version", "v"+b.version, "-output", filepath.Join(b.out, b.sbomName(p)), program)
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("cyclonedx-gomod for %s: %w\n%s", p.Name, err, out)
			}
		}
	}
	return nil
}

func (b *builder) sbomName(p image.Program) string {
	return fmt.Sprintf("%s_%s.cdx.json", p.Name, b.version)
}

// krew writes the manifest of the kubectl plugin, for the index of krew.
func (b *builder) krew(context.Context) error {
	var text strings.Builder
	fmt.Fprintf(&text, `apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: telepod
spec:
  version: v%s
  homepage: https://github.com/telepod/telepod
  shortDescription: Explain and check injected pods and telemetry
  description: |
    Explains what Telepod's webhook does to pods and why, checks an installation, lists
    workloads with outdated pods, and rehearses the failover between central sites.
  platforms:
`, b.version)
	err := b.each("", func(goos, arch string) error {
		name := b.archiveName(goos, arch)
		sum, err := sha256File(filepath.Join(b.out, name))
		if err != nil {
			return err
		}
		program := "telepod"
		if goos == "windows" {
			program += ".exe"
		}
		fmt.Fprintf(&text, `    - selector: {matchLabels: {os: %s, arch: %s}}
      uri: https://github.com/telepod/telepod/releases/download/v%s/%s
      sha256: %s
      bin: %s
      files:
        - {from: %s, to: .}
        - {from: LICENSE, to: .}
`, goos, arch, b.version, name, sum, program, program)
		return nil
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.out, "telepod.krew.yaml"), []byte(text.String()), 0o644)
}
