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

// Estate is three clusters, what lies between them, and the stores of their central sites. It is for
// one goroutine at a time.
type Estate struct {
	// Stores are where the central sites write to, once they run.
	Stores *Stores

	dir      string
	programs programs
	sites    []*Site
	mu       sync.Mutex // of links
	links    []*Link
}

// Site is a cluster that runs.
type Site struct {
	Place
	*cluster.Cluster
	Client kubernetes.Interface
}

// Link is a path from pods of one cloud to something else.
type Link struct {
	*wan.Link
	// From and To are clouds; What it leads to, as "central", "shop" or "stores".
	From, To, What string
}

// programs are paths of what was built.
type programs struct {
	images                                            []string
	backends, jaeger, logs, prometheus, shop, telepod string
}

// New plans an estate. Stop it in any case.
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

// Sites are the three: primary, backup, region.
func (e *Estate) Sites() []*Site { return e.sites }

// Primary and Backup are the clusters of the central sites.
func (e *Estate) Primary() *Site { return e.sites[0] }

// Backup is the cluster of the second central site.
func (e *Estate) Backup() *Site { return e.sites[1] }

// Apps is the node that applications run on.
func (s *Site) Apps() cluster.NodeInfo { return s.Nodes()[0] }

// Telemetry is the node of the central site; only [Estate.Primary] and [Estate.Backup] have it.
func (s *Site) Telemetry() cluster.NodeInfo { return s.Nodes()[1] }

// Central reports whether the cluster has a central site.
func (s *Site) Central() bool { return s.Endpoint != "" }

// Build compiles what the estate runs, if need be. Prometheus is not built: without it the error is
// exec.ErrNotFound, and everything else is there.
func (e *Estate) Build(ctx context.Context) error {
	if err := cluster.Build(ctx, e.sites[0].options(nil)); err != nil {
		return err
	}
	if _, err := helm.V4(ctx); err != nil {
		return err
	}
	var err error
	if e.programs.images, err = install.ImagesOfShop(ctx); err != nil {
		return err
	}
	image, err := metadata.Image(ctx)
	if err != nil {
		return err
	}
	e.programs.images = append(e.programs.images, image)
	for _, program := range []struct {
		path  *string
		build func(context.Context) (string, error)
	}{
		{&e.programs.backends, collector.Backends}, {&e.programs.shop, collector.Shop},
		{&e.programs.jaeger, Jaeger}, {&e.programs.logs, collector.VictoriaLogs}, {&e.programs.telepod, telepod}, {&e.programs.prometheus, prometheus},
	} {
		if *program.path, err = program.build(ctx); err != nil {
			return err
		}
	}
	return nil
}

func telepod(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{Name: "telepod", Package: "./cmd/telepod"})
}

// StartClusters starts the three, and their metadata services.
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
		config.QPS = -1 // whoever asks here knows how often
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
			// Nothing else runs beside a central site.
			if _, err := s.Kubectl(ctx, "taint", "node", s.Telemetry().Name, "dedicated=telemetry:NoSchedule"); err != nil {
				return err
			}
		}
		_, err = s.Kubectl(ctx, "rollout", "status", "--namespace=cloud", "daemonset/metadata", "--timeout="+patience.String())
		return err
	})
}

// patience is what a step may take on a slow machine.
const patience = 4 * time.Minute

// each does something with all clusters at once.
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

// Links are all paths between the clouds.
func (e *Estate) Links() []*Link {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*Link(nil), e.links...)
}

// link opens a path from the pods of a cluster: they see it at a port of the machine's address.
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

// Stop ends everything and leaves nothing behind.
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
