package estate

import (
	"regexp"
	"strings"
)

// Node has the fields of a Kubernetes node that identify its cloud.
type Node struct {
	ProviderID, Region string
}

var (
	eksContext    = regexp.MustCompile(`^arn:aws[a-z-]*:eks:([a-z0-9-]+):([0-9]{12}):cluster/(.+)$`)
	eksctlContext = regexp.MustCompile(`^[^@]+@([^.]+)\.([a-z0-9-]+)\.eksctl\.io$`)
	gkeContext    = regexp.MustCompile(`^gke_([^_]+)_([a-z]+-[a-z]+[0-9]+)(-[a-z])?_(.+)$`)
	notInName     = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
)

// Discover describes a cluster from the name of its context, as EKS, eksctl and GKE create it, and from one of its
// nodes. Fields that neither provides are empty.
func Discover(kubeContext string, node Node) Cluster {
	c := Cluster{Name: kubeContext, Context: kubeContext, Region: node.Region}
	if m := eksContext.FindStringSubmatch(kubeContext); m != nil {
		c.Cloud, c.Region, c.Account, c.Name = "aws", m[1], m[2], m[3]
	}
	if m := eksctlContext.FindStringSubmatch(kubeContext); m != nil {
		c.Cloud, c.Name, c.Region = "aws", m[1], m[2]
	}
	if m := gkeContext.FindStringSubmatch(kubeContext); m != nil {
		c.Cloud, c.Account, c.Region, c.Name = "gcp", m[1], m[2], m[4]
	}
	scheme, rest, _ := strings.Cut(node.ProviderID, "://")
	parts := strings.Split(strings.TrimPrefix(rest, "/"), "/")
	switch {
	case scheme == "aws":
		c.Cloud = "aws"
	case scheme == "gce":
		c.Cloud, c.Account = "gcp", parts[0]
	case scheme == "azure" && len(parts) > 1 && parts[0] == "subscriptions":
		c.Cloud, c.Account = "azure", parts[1]
	case scheme != "" && c.Cloud == "":
		c.Cloud = "other"
	}
	c.Name = strings.Trim(notInName.ReplaceAllString(c.Name, "-"), "-_")
	if c.Context == c.Name {
		c.Context = ""
	}
	return c
}
