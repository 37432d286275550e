package clouds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/clouds/wan"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/metadata"
)

// Estate is three clusters, the links between them, and the stores of their central sites. It is not safe for
// concurrent use.
type Estate struct {
	// Stores are the stores that the central sites write to, once they run.
	Stores *Stores

	dir      string
	programs programs
	sites    []*Site
	mu       sync.Mutex // guards links
	links    []*Link
}

// Site is a running cluster.
type Site struct {
	Place
	*cluster.Cluster
	Client kubernetes.Interface
}

// Link is a path from the pods of one cloud to a target.
type Link struct {
	*wan.Link
	// From and To are clouds; What names the target: "central", "shop" or "stores".
	From, To, What string
}

// programs are the paths of the built programs.
type programs struct {
	images                                            []string
	backends, jaeger, logs, prometheus, shop, telepod string
}

// New plans an estate. Always call Stop.
func New() (*Estate, error) {
	dir, err := os.MkdirTemp("", "telepod-estate-")
	if err != nil {
		return nil, fmt.Errorf("start an estate: %w", err)
	}
	e := &Estate{dir: dir}
	all, err := places()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for _, p := range all {
		e.sites = append(e.sites, &Site{Place: p})
	}
	return e, nil
}

// Sites are the three clusters: primary, backup, region.
func (e *Estate) Sites() []*Site { return e.sites }

// Primary is the cluster of the primary central site.
func (e *Estate) Primary() *Site { return e.sites[0] }

// Backup is the cluster of the backup central site.
func (e *Estate) Backup() *Site { return e.sites[1] }

// Apps returns the node for applications.
func (s *Site) Apps() cluster.NodeInfo { return s.Nodes()[0] }

// Telemetry returns the node of the central site; only [Estate.Primary] and [Estate.Backup] have one.
func (s *Site) Telemetry() cluster.NodeInfo { return s.Nodes()[1] }

// Central reports whether the cluster has a central site.
func (s *Site) Central() bool { return s.Endpoint != "" }

// Build compiles the estate's programs if necessary. Prometheus is not built: if it is missing, the error is
// exec.ErrNotFound, and everything else has been built.
func (e *Estate) Build(ctx context.Context) error { return build.Each(ctx, e.Builds()...) }

// Builds are the steps of [Estate.Build].
func (e *Estate) Builds() []func(context.Context) error {
	p := &e.programs
	return []func(context.Context) error{
		func(ctx context.Context) error { return cluster.Build(ctx, e.sites[0].options(nil)) },
		build.Only(helm.V4),
		p.buildImages,
		build.Into(&p.backends, collector.Backends),
		build.Into(&p.shop, collector.Shop),
		build.Into(&p.jaeger, Jaeger),
		build.Into(&p.logs, collector.VictoriaLogs),
		build.Into(&p.telepod, telepod),
		build.Into(&p.prometheus, prometheus),
	}
}

func (p *programs) buildImages(ctx context.Context) error {
	images, err := install.ImagesOfShop(ctx)
	if err != nil {
		return err
	}
	image, err := metadata.Image(ctx)
	p.images = append(images, image)
	return err
}

func telepod(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{Name: "telepod", Package: "./cmd/telepod"})
}

// StartClusters starts the three clusters, and their metadata services.
func (e *Estate) StartClusters(ctx context.Context) error {
	return e.each(func(s *Site) error {
		var err error
		if s.Cluster, err = cluster.Start(ctx, s.options(e.programs.images)); err != nil {
			return err
		}
		config, err := clientcmd.BuildConfigFromFlags("", s.Kubeconfig())
		if err != nil {
			return err
		}
		config.QPS = -1 // the callers limit their own rate
		if s.Client, err = kubernetes.NewForConfig(config); err != nil {
			return err
		}
		services, err := metadata.Manifests(s.metadata())
		if err != nil {
			return err
		}
		if err := s.Apply(ctx, services); err != nil {
			return err
		}
		if s.Central() {
			// Only the central site runs on this node.
			if _, err := s.Kubectl(ctx, "taint", "node", s.Telemetry().Name, "dedicated=telemetry:NoSchedule"); err != nil {
				return err
			}
		}
		_, err = s.Kubectl(ctx, "rollout", "status", "--namespace=cloud", "daemonset/metadata", "--timeout="+patience.String())
		return err
	})
}

// patience is the limit of a step on a slow machine.
const patience = 4 * time.Minute

// each runs a function for all clusters in parallel.
func (e *Estate) each(do func(*Site) error) error {
	errs := make([]error, len(e.sites))
	var all sync.WaitGroup
	for i, s := range e.sites {
		all.Go(func() {
			if err := do(s); err != nil {
				errs[i] = fmt.Errorf("%s: %w", s.Place.Cluster, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Links are all links between the clouds.
func (e *Estate) Links() []*Link {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*Link(nil), e.links...)
}

// link opens a link from the pods of a cluster, which reach it at a port of the machine's address.
func (e *Estate) link(from *Site, port string, to Place, what, target string) error {
	l, err := wan.New(from.Host()+":"+port, target, RoundTrip(from.Place, to))
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.links = append(e.links, &Link{Link: l, From: from.Cloud, To: to.Cloud, What: what})
	return nil
}

// Stop stops everything, and removes all files.
func (e *Estate) Stop() error {
	for _, l := range e.Links() {
		l.Cut()
	}
	err := e.each(func(s *Site) error {
		if s.Cluster == nil {
			return nil
		}
		return s.Stop()
	})
	if e.Stores != nil {
		e.Stores.stop()
	}
	return errors.Join(err, os.RemoveAll(e.dir))
}

func (e *Estate) path(name string) string { return filepath.Join(e.dir, name) }
