package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

const usage = "usage: release build|push|sign|image [flags]; release COMMAND -h lists the flags"

// options are the flags of all commands; each command uses some.
type options struct {
	root, out, version   string
	platforms, arch      string
	registry, key        string
	plainHTTP            bool
	cosign, cyclonedx    string
	name, archive, names string
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	commands := map[string]func(context.Context, options) error{"build": build, "push": push, "sign": sign, "image": writeArchive}
	command, ok := commands[args[0]]
	if !ok {
		return fmt.Errorf("unknown command %q: %s", args[0], usage)
	}
	o, err := parse(args[0], args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return command(ctx, o)
}

func parse(command string, args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("release "+command, flag.ContinueOnError)
	flags.StringVar(&o.root, "root", "..", "the repository's root")
	flags.StringVar(&o.out, "out", "", "directory of the release (default bin/release below the root)")
	flags.StringVar(&o.version, "version", "", "version, such as 1.2.3; must equal the chart's, which is the default")
	flags.StringVar(&o.platforms, "platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "platforms of telepod; images are built for those of linux")
	flags.StringVar(&o.names, "images", "injector,telepod,collector", "images to build; a release needs all")
	flags.StringVar(&o.registry, "registry", "ghcr.io", "registry, with or without a path, for push and sign")
	flags.BoolVar(&o.plainHTTP, "plain-http", false, "connect to the registry without TLS; always so on loopback")
	flags.StringVar(&o.key, "key", "", "cosign private key; empty signs without a key, with the identity of the workflow")
	flags.StringVar(&o.cosign, "cosign", "", "path of cosign (default: that of release/tools)")
	flags.StringVar(&o.cyclonedx, "cyclonedx-gomod", "", "path of cyclonedx-gomod (default: that of release/tools)")
	flags.StringVar(&o.name, "name", "", "image to write: injector, telepod or collector")
	flags.StringVar(&o.arch, "arch", "amd64", "architecture of the image to write")
	flags.StringVar(&o.archive, "archive", "", "file to write the image to (default bin/NAME-image.tar)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: %s", flags.Arg(0), usage)
	}
	return o, o.complete()
}

// complete sets the defaults that depend on the repository, and refuses a version other than the chart's.
func (o *options) complete() (err error) {
	if o.root, err = filepath.Abs(o.root); err != nil {
		return err
	}
	if o.out == "" {
		o.out = filepath.Join(o.root, "bin", "release")
	}
	if o.out, err = filepath.Abs(o.out); err != nil {
		return err
	}
	chart, err := readChart(o.root)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not the root of the repository: set -root", o.root)
	}
	if err != nil {
		return err
	}
	o.version = strings.TrimPrefix(o.version, "v")
	if o.version == "" {
		o.version = chart.Version
	}
	if o.version != chart.Version || o.version != chart.AppVersion {
		return fmt.Errorf("release %s: charts/telepod/Chart.yaml has version %s and appVersion %s: set both to %s, and sidecar.image in profiles/builtin/base.yaml",
			o.version, chart.Version, chart.AppVersion, o.version)
	}
	return nil
}
