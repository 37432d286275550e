package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/certmanager"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

// prebuild builds the programs of the demo and the tests, and shows the progress.
func prebuild(ctx context.Context) error {
	steps := []func(context.Context) error{
		build.Only(helm.V4), build.Only(helm.V3),
		build.Only(collector.Program), build.Only(collector.App), build.Only(collector.Backends),
	}
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		controlPlane := func(ctx context.Context) error { return cluster.Build(ctx, cluster.Options{}) }
		return build.Each(ctx, append(steps, controlPlane)...)
	}
	e, err := clouds.New()
	if err != nil {
		return err
	}
	defer e.Stop() // removes only a directory
	steps = append(steps, build.Only(install.Images), build.Only(collector.TargetAllocator), build.Only(certmanager.Build))
	if err := build.Each(ctx, append(steps, e.Builds()...)...); !errors.Is(err, exec.ErrNotFound) {
		return err
	}
	return nil // the tests do not need Prometheus, and the demo reports if it is missing
}
