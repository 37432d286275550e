package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/telepod/telepod/image"
)

// push copies images and chart of a build to a registry, with the credentials of `docker login` or `helm registry
// login`.
func push(ctx context.Context, o options) error {
	b := &builder{options: o}
	return b.published(func(repository string, index v1.ImageIndex, d v1.Descriptor) error {
		ref, err := b.reference(repository + ":" + b.version)
		if err != nil {
			return err
		}
		access := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
		if d.MediaType.IsIndex() {
			list, err := index.ImageIndex(d.Digest)
			if err != nil {
				return err
			}
			err = remote.WriteIndex(ref, list, access...)
			if err != nil {
				return fmt.Errorf("push %s: %w", ref, err)
			}
		} else {
			one, err := index.Image(d.Digest)
			if err != nil {
				return err
			}
			if err := remote.Write(ref, one, access...); err != nil {
				return fmt.Errorf("push %s: %w", ref, err)
			}
		}
		fmt.Printf("pushed %s@%s\n", ref, d.Digest)
		return nil
	})
}

// published calls do for everything in the OCI layout of a build.
func (b *builder) published(do func(repository string, index v1.ImageIndex, d v1.Descriptor) error) error {
	store, err := layout.FromPath(b.layout())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s contains no release: run make release first", b.out)
	}
	if err != nil {
		return err
	}
	index, err := store.ImageIndex()
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range manifest.Manifests {
		if err := do(d.Annotations[refName], index, d); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) reference(text string) (name.Reference, error) {
	var options []name.Option
	if b.plainHTTP {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(b.registry+"/"+text, options...)
	if err != nil {
		return nil, fmt.Errorf("-registry %s: %w: write a registry such as registry.example.com or registry.example.com/mirror", b.registry, err)
	}
	return ref, nil
}

// sign signs what push has pushed, by digest; it also attests the images' SBOMs, and signs the checksums.
func sign(ctx context.Context, o options) error {
	b := &builder{options: o}
	err := b.published(func(repository string, _ v1.ImageIndex, d v1.Descriptor) error {
		ref := fmt.Sprintf("%s/%s@%s", b.registry, repository, d.Digest)
		if err := b.runCosign(ctx, "sign", ref); err != nil {
			return err
		}
		all := image.All()
		found := slices.IndexFunc(all, func(i image.Image) bool { return i.Repository == repository })
		if found < 0 {
			return nil // the chart
		}
		for _, p := range all[found].Programs {
			if err := b.runCosign(ctx, "attest", "--type=cyclonedx", "--predicate="+filepath.Join(b.out, b.sbomName(p)), ref); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	checksums := filepath.Join(b.out, "checksums.txt")
	return b.runCosign(ctx, "sign-blob", "--bundle="+checksums+".sigstore.json", checksums)
}

// runCosign signs with the key, without an entry in public logs, or without a key in a workflow.
func (b *builder) runCosign(ctx context.Context, command string, args ...string) error {
	flags := []string{command, "--yes"}
	if b.key != "" {
		flags = append(flags, "--key="+b.key, "--use-signing-config=false", "--tlog-upload=false")
	}
	if out, err := b.tool(ctx, "cosign", b.cosign, append(flags, args...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("cosign %s %s: %w\n%s", command, args[len(args)-1], err, out)
	}
	fmt.Printf("cosign %s: %s\n", command, args[len(args)-1])
	return nil
}
