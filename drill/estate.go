package drill

import (
	"context"
	"errors"
	"fmt"
)

// Estate is what a drill is run against.
type Estate struct {
	Regions []Region
	// Primary, Backup and Guard are not asked by an observation.
	Primary Central
	Backup  Spare
	Guard   Guard
	// Archive is nil where none is read; what was lost is not known then.
	Archive Archive
	Facts   Facts
}

// Able finds out why the primary cannot be failed over to the backup, if so. It changes nothing.
func (e Estate) Able(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	if err := e.Backup.Healthy(ctx); err != nil {
		return fmt.Errorf("the backup cannot take over, so nothing was done: %w", err)
	}
	ready, err := e.Primary.Ready(ctx)
	if err != nil {
		return fmt.Errorf("the primary cannot be looked at, so nothing was done: %w", err)
	}
	if !ready {
		return errors.New("the primary is not ready, so nothing was done: see why first, or run telepod drill restore if a drill has left it so")
	}
	return nil
}

// Region is a cluster with regional Collectors.
type Region interface {
	Name() string
	// Collectors are the names of those to watch.
	Collectors(ctx context.Context) ([]string, error)
	Sample(ctx context.Context, collector string) (Sample, error)
	// Send hands canaries to the Collector that they are of. No error means that it has them.
	Send(ctx context.Context, id string, canaries []Canary) error
}

// Central is the site that is failed.
type Central interface {
	Fail(ctx context.Context) error
	// Hold is called again and again while the site is to stay failed.
	Hold(ctx context.Context) error
	// Restore undoes Fail, however much of it was done.
	Restore(ctx context.Context) error
	Ready(ctx context.Context) (bool, error)
}

// Spare is the site that has to take over.
type Spare interface {
	// Healthy returns why it cannot, if so.
	Healthy(ctx context.Context) error
}

// Guard keeps two drills apart.
type Guard interface {
	Acquire(ctx context.Context) error
	Release(ctx context.Context) error
}

// Archive is where all spans end up.
type Archive interface {
	// Read reports the canaries of a drill that were stored since the last call.
	Read(ctx context.Context, id string, found func(Canary)) error
}

// Facts are for the record.
type Facts struct {
	Operator string        `json:"operator"`
	Version  string        `json:"telepod"`
	Clusters []ClusterFact `json:"clusters"`
}

// ClusterFact describes a cluster as it was when the drill began.
type ClusterFact struct {
	Name       string   `json:"name"`
	Roles      []string `json:"roles"`
	User       string   `json:"user"`
	Kubernetes string   `json:"kubernetes"`
	Chart      string   `json:"chart,omitempty"`
	Images     []string `json:"images,omitempty"`
}
