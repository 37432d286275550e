package sites

import "github.com/telepod/telepod/drill"

// Parts are the clusters of an estate.
type Parts struct {
	Regions []Region
	// Primary and Backup have the central sites; to observe, leave them nil.
	Primary, Backup *Cluster
	Operator        string
}

// Estate returns the estate for [drill.Run], without the archive and the facts.
func (p Parts) Estate(plan drill.Plan) drill.Estate {
	var target drill.Estate
	for _, region := range p.Regions {
		target.Regions = append(target.Regions, region)
	}
	if p.Primary != nil && p.Backup != nil {
		target.Primary = Central{Cluster: p.Primary, Drill: plan.ID, Method: plan.Method}
		target.Backup = Central{Cluster: p.Backup}
		target.Guard = Guard{Clusters: []*Cluster{p.Primary, p.Backup}, Drill: plan.ID, Operator: p.Operator}
	}
	return target
}
