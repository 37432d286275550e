package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"

	"github.com/telepod/telepod/test/certmanager"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

// prebuild builds the programs of the demo and the tests, and shows the progress.
func prebuild(ctx context.Context) error {
	if _, err := helm.V4(ctx); err != nil {
		return err
	}
	if _, err := helm.V3(ctx); err != nil {
		return err
	}
	for _, program := range []func(context.Context) (string, error){
		collector.Program, collector.App, collector.Backends,
	} {
		if _, err := program(ctx); err != nil {
			return err
		}
	}
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		return cluster.Build(ctx, cluster.Options{})
	}
	if _, err := install.Images(ctx); err != nil {
		return err
	}
	if _, err := collector.TargetAllocator(ctx); err != nil {
		return err
	}
	if _, err := certmanager.Build(ctx); err != nil {
		return err
	}
	e, err := clouds.New()
	if err != nil {
		return err
	}
	defer e.Stop() // removes only a directory
	if err := e.Build(ctx); !errors.Is(err, exec.ErrNotFound) {
		return err
	}
	return nil // the tests do not need Prometheus, and the demo reports if it is missing
}
