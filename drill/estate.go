package drill

import (
	"cmp"
	"context"
	"fmt"
)

// Estate is the system that a drill tests.
type Estate struct {
	Regions []Region
	// Primary, Backup and Guard are not used to observe.
	Primary Central
	Backup  Spare
	Guard   Guard
	// Archive is nil if no archive is read; losses are unknown then.
	Archive Archive
	Facts   Facts
}

// Able returns an error if the primary cannot fail over to the backup. It changes nothing.
func (e Estate) Able(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	if err := cmp.Or(e.Primary.Is(ctx, Primary), e.Backup.Is(ctx, Backup)); err != nil {
		return fmt.Errorf("nothing was done: %w", err)
	}
	if err := e.Backup.Healthy(ctx); err != nil {
		return fmt.Errorf("the backup cannot take over, so nothing was done: %w", err)
	}
	if err := e.Primary.Running(ctx); err != nil {
		return fmt.Errorf("the primary is not ready, so nothing was done: %w", err)
	}
	return nil
}

// Region is a cluster with regional Collectors.
type Region interface {
	Name() string
	// Collectors returns the names of the Collectors to watch.
	Collectors(ctx context.Context) ([]string, error)
	Sample(ctx context.Context, collector string) (Sample, error)
	// Send sends canaries to their Collector. A nil error means that the Collector accepted them.
	Send(ctx context.Context, id string, canaries []Canary) error
}

// Central is the site to fail.
type Central interface {
	Role
	// Running returns an error if not all of its Collectors are ready.
	Running(ctx context.Context) error
	Fail(ctx context.Context) error
	// Hold is called repeatedly while the site should stay failed.
	Hold(ctx context.Context) error
	// Restore undoes Fail, even if Fail was incomplete.
	Restore(ctx context.Context) error
	Ready(ctx context.Context) (bool, error)
}

// Spare is the site that replaces the primary.
type Spare interface {
	Role
	// Healthy returns an error if the site cannot replace the primary.
	Healthy(ctx context.Context) error
}

// Role is a site's own account of which site it is.
type Role interface {
	// Is returns an error if the site is known to be another one than site.
	Is(ctx context.Context, site Site) error
}

// Guard prevents two drills at the same time.
type Guard interface {
	Acquire(ctx context.Context) error
	Release(ctx context.Context) error
}

// Archive stores all spans.
type Archive interface {
	// Read calls found for each canary of a drill that was stored since the last call.
	Read(ctx context.Context, id string, found func(Canary)) error
}

// Facts are for the audit record.
type Facts struct {
	Operator string        `json:"operator"`
	Version  string        `json:"telepod"`
	Clusters []ClusterFact `json:"clusters"`
}

// ClusterFact describes a cluster at the start of the drill.
type ClusterFact struct {
	Name       string   `json:"name"`
	Roles      []string `json:"roles"`
	User       string   `json:"user"`
	Kubernetes string   `json:"kubernetes"`
	Chart      string   `json:"chart,omitempty"`
	Images     []string `json:"images,omitempty"`
}
