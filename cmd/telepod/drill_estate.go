//go:build !injector

package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/archive/bucket"
	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/drill/canary"
	"github.com/telepod/telepod/drill/sites"
)

// drillArchives are the sites' archives: one bucket for both, or one each.
type drillArchives struct {
	shared, backup bucket.Location
}

func (a *drillArchives) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&a.shared.Name, "bucket", "", "bucket of the archive; without it, losses cannot be counted")
	flags.StringVar(&a.shared.Region, "bucket-region", "", "region of the bucket; defaults to AWS_REGION")
	flags.StringVar(&a.shared.Endpoint, "bucket-endpoint", "", "URL of an S3-compatible service")
	flags.StringVar(&a.backup.Name, "backup-bucket", "", "bucket of the backup site, if it has its own")
	flags.StringVar(&a.backup.Region, "backup-bucket-region", "", "region of the backup's bucket")
	flags.StringVar(&a.backup.Endpoint, "backup-bucket-endpoint", "", "URL of an S3-compatible service for the backup's bucket")
}

// open returns nil if no bucket is set.
func (a *drillArchives) open(ctx context.Context, now time.Time) (drill.Archive, error) {
	var stores []archive.Store
	for _, location := range []bucket.Location{a.shared, a.backup} {
		if location.Name == "" {
			continue
		}
		store, err := bucket.Open(ctx, location)
		if err != nil {
			return nil, err
		}
		stores = append(stores, store)
	}
	if len(stores) == 0 {
		return nil, nil
	}
	return canary.NewArchives(now, stores...), nil
}

// estate connects to everything that the drill needs, and changes nothing.
func (f *drillFlags) estate(ctx context.Context) (drill.Estate, error) {
	connections := &clusters{flags: &f.estateFlags}
	all, err := f.watched(connections)
	if err != nil {
		return drill.Estate{}, err
	}
	parts := sites.Parts{Operator: f.operator}
	for _, cluster := range all {
		parts.Regions = append(parts.Regions, sites.Region{Cluster: cluster, Most: f.collectors})
	}
	if !f.observe {
		if parts.Primary, err = connections.of(f.primary); err != nil {
			return drill.Estate{}, err
		}
		if parts.Backup, err = connections.of(f.backup); err != nil {
			return drill.Estate{}, err
		}
		for _, site := range []*sites.Cluster{parts.Primary, parts.Backup} {
			if !slices.Contains(all, site) {
				all = append(all, site)
			}
		}
	}
	target := parts.Estate(f.plan)
	target.Facts = drill.Facts{Operator: f.operator, Version: buildVersion()}
	for _, cluster := range all {
		fact, err := cluster.Facts(ctx, f.roles(cluster.Name)...)
		if err != nil {
			return target, interruptedBeforeDrill(ctx, err)
		}
		target.Facts.Clusters = append(target.Facts.Clusters, fact)
	}
	target.Archive, err = f.archives.open(ctx, time.Now())
	return target, err
}

func (f *drillFlags) watched(connections *clusters) ([]*sites.Cluster, error) {
	if f.inCluster {
		cluster, err := sites.ConnectInCluster(f.name, f.release)
		return []*sites.Cluster{cluster}, err
	}
	var watched []*sites.Cluster
	for _, name := range f.contexts {
		cluster, err := connections.of(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(watched, cluster) {
			watched = append(watched, cluster)
		}
	}
	return watched, nil
}

func (f *drillFlags) roles(name string) []string {
	var roles []string
	if f.inCluster || slices.Contains(f.contexts, name) {
		roles = append(roles, "region")
	}
	if name == f.primary {
		roles = append(roles, "primary")
	}
	if name == f.backup {
		roles = append(roles, "backup")
	}
	return roles
}
