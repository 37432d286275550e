package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster/layout"
)

// kubernetesVersion is what the API server reports. The module's go.mod decides the real version; a test
// checks that both agree.
const kubernetesVersion = "v1.36.3"

// Kubernetes describes the multi-call binary: "kube kubectl …" and every server.
func Kubernetes() build.Spec {
	s := build.Spec{Name: "kube", Module: "test/cluster/kube", Tags: []string{"grpcnotrace"}, Takes: "about 5 minutes"}
	part := strings.Split(strings.TrimPrefix(kubernetesVersion, "v"), ".")
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		s.LDFlags = append(s.LDFlags,
			"-X", pkg+".gitVersion="+kubernetesVersion, "-X", pkg+".gitMajor="+part[0], "-X", pkg+".gitMinor="+part[1],
			"-X", pkg+".gitTreeState=clean", "-X", pkg+".gitCommit=telepod", "-X", pkg+".buildDate=1970-01-01T00:00:00Z")
	}
	return s
}

func containerRuntime() build.Spec {
	return build.Spec{
		Name: "runtime", Module: "test/cluster/runtime", Package: "tool", Takes: "about 2 minutes",
		Tags: []string{"no_btrfs", "no_zfs", "no_devmapper", "no_aufs"},
	}
}

func coreDNS() build.Spec {
	return build.Spec{Name: "coredns", Module: "test/cluster/dns", Takes: "about 2 minutes"}
}

func supervisorProgram() build.Spec {
	return build.Spec{Name: "telepod-cluster", Package: "./test/cluster/cmd/telepod-cluster"}
}

// Build builds everything that clusters with these options run. [Start] does so too; use Build to wait
// for it beforehand.
func Build(ctx context.Context, o Options) error {
	_, _, err := o.build(ctx)
	return err
}

// build returns the supervisor's program and the cluster to request from it.
func (o Options) build(ctx context.Context) (program string, spec layout.Spec, err error) {
	spec = layout.Spec{
		Name: o.Name, Nodes: o.Nodes, IPv6: o.IPv6, HostDomains: o.HostDomains, Names: o.Names, MirrorPort: o.MirrorPort,
		APIServerFlags: o.APIServerFlags, FeatureGates: o.FeatureGates,
	}
	if spec.Name == "" {
		spec.Name = "telepod"
	}
	if program, err = build.Binary(ctx, supervisorProgram()); err != nil {
		return "", spec, err
	}
	if spec.Programs.Kube, err = build.Binary(ctx, Kubernetes()); err != nil || len(o.Nodes) == 0 {
		return program, spec, err
	}
	if spec.Programs.Runtime, err = build.Directory(ctx, containerRuntime()); err != nil {
		return "", spec, err
	}
	if spec.Programs.CoreDNS, err = build.Binary(ctx, coreDNS()); err != nil {
		return "", spec, err
	}
	for name, ref := range map[string]string{"pause": layout.PauseImage, "app": AppImage} {
		image, err := buildImage(ctx, name, ref)
		if err != nil {
			return "", spec, err
		}
		spec.Images = append(spec.Images, image)
	}
	for _, image := range o.Images {
		path, err := filepath.Abs(image)
		if err != nil {
			return "", spec, err
		}
		spec.Images = append(spec.Images, path)
	}
	return program, spec, nil
}

// buildImage makes an image of a command of test/images, and keeps it next to the program.
func buildImage(ctx context.Context, name, ref string) (string, error) {
	dir, err := build.Directory(ctx, build.Spec{Name: name, Package: "./test/images/" + name})
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, name+".tar")
	if _, err := os.Stat(out); err == nil {
		return out, nil
	}
	return out, WriteImage(out, Image{
		Ref: ref, Files: map[string]string{"/" + name: filepath.Join(dir, name)}, Entrypoint: []string{"/" + name},
	})
}

// requirements returns an error that names the programs which nodes need and this machine lacks.
func requirements() error {
	var missing []string
	for _, program := range []string{"runc", "nft", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("nodes need %s in PATH: run test/cluster/install-debian.sh, or install runc, nftables and iproute2",
			strings.Join(missing, ", "))
	}
	return nil
}
