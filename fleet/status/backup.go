package status

import (
	"slices"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

// Backup describes whether the backup site could replace the primary now, in the words of 'telepod check'.
type Backup struct {
	Status checks.Status `json:"status"`
	Text   string        `json:"text"`
}

// Rows summarizes the clusters of an estate, and judges its backup site.
func Rows(readings []Reading, now time.Time) []Row {
	rows := make([]Row, len(readings))
	snapshots := make([]checks.Snapshot, len(readings))
	for i, reading := range readings {
		rows[i], snapshots[i] = RowOf(reading, now), reading.snapshot(now)
	}
	for _, line := range checks.Backup(snapshots) {
		at := slices.IndexFunc(rows, func(r Row) bool { return r.Context == line.Context })
		if at < 0 {
			continue
		}
		row := &rows[at]
		row.Backup = &Backup{line.Status, line.Seen}
		if line.Status.Problem() {
			row.Problems = append(row.Problems, Problem{Severe: line.Status == checks.Failed, Text: line.Seen})
		}
	}
	return rows
}

// snapshot returns the parts of a reading that determine the state of the backup.
func (r Reading) snapshot(now time.Time) checks.Snapshot {
	part := func(workloads checks.Answer[[]checks.Workload], instances []fleet.Instance, err error) checks.Answer[checks.Part] {
		if workloads.Err != nil {
			err = workloads.Err
		}
		return checks.Answer[checks.Part]{Value: checks.Part{Workloads: workloads.Value, Instances: instances}, Err: err}
	}
	return checks.Snapshot{Context: fleet.Printable(r.Context), Now: now, Unreachable: r.Err, Samplers: r.Samplers, Role: r.Role, Kubectl: r.Kubectl, Namespace: r.Namespace,
		Collectors: part(r.Collectors, r.Later.Collectors, r.Later.Err), Central: part(r.Central, r.Sites.Value, r.Sites.Err)}
}
