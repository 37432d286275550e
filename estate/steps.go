package estate

import "cmp"

// Release describes how to install or upgrade a cluster.
type Release struct {
	Cluster Cluster
	// Title describes the cluster's role, such as "backup site".
	Title string
	// Helm contains the arguments of helm, which reads the values from standard input.
	Helm []string
	// Site is true for a cluster with a site.
	Site bool
	// Checked is true if the cluster has an injector that 'telepod check' can check.
	Checked bool
}

// Plan describes how to install or upgrade clusters. Helm waits until its objects are ready, up to the timeout.
func (e *Estate) Plan(clusters []Cluster, install bool, timeout string) []Release {
	var plan []Release
	for _, c := range clusters {
		args := []string{"upgrade", e.Release, e.Chart.Source}
		if install {
			args = append(args, "--install")
		}
		if version := cmp.Or(c.Version, e.Chart.Version); version != "" {
			args = append(args, "--version", version)
		}
		args = append(args, "--kube-context", c.KubeContext(), "--namespace", e.Namespace, "--create-namespace",
			"--values", "-", "--wait", "--timeout", timeout)
		plan = append(plan, Release{c, e.title(c), args, e.Role(c.Name) != "", c.HasApplications()})
	}
	return plan
}

func (e *Estate) title(c Cluster) string {
	switch role := e.Role(c.Name); {
	case role != "":
		return role + " site"
	case c.Canary:
		return "region, canary"
	default:
		return "region"
	}
}
