package clouds

import (
	"time"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/metadata"
)

// Place describes a cluster.
type Place struct {
	// Cloud is aws, gcp or azure; Region and Account are as that cloud names them.
	Cloud, Region, Account string
	// Platform is the value of cloud.platform.
	Platform string
	// Cluster is k8s.cluster.name.
	Cluster string
	// Role is primary, backup or region.
	Role string
	// Zone of the node that runs applications.
	Zone string
	// Endpoint is host:port of this cluster's central site; empty in a region.
	Endpoint string

	nodes []node
}

// node is a virtual machine. A cluster's second one is only for the central site.
type node struct {
	name, id, kind, zone string
	providerID           string
}

// places are the clusters in the estate file, with the machines that simulate their nodes.
func places() ([]Place, error) {
	e, err := description()
	if err != nil {
		return nil, err
	}
	var all []Place
	for _, c := range e.Clusters {
		p := machines(c.Cloud, c.Account)
		p.Cloud, p.Region, p.Account, p.Cluster, p.Role = c.Cloud, c.Region, c.Account, c.Name, "region"
		if role := e.Role(c.Name); role != "" {
			p.Role, p.Endpoint = role, e.Sites.Site(role).Endpoint
		}
		all = append(all, p)
	}
	return all, nil
}

// machines are the nodes of a cloud, and its platform's name.
func machines(cloud, account string) Place {
	switch cloud {
	case "aws":
		return Place{Platform: "aws_eks", Zone: "us-east-1a", nodes: []node{
			{"eks-apps", "i-0a1b2c3d4e5f60718", "m7i.large", "us-east-1a", "aws:///us-east-1a/i-0a1b2c3d4e5f60718"},
			{"eks-telemetry", "i-0f9e8d7c6b5a43210", "m7i.xlarge", "us-east-1b", "aws:///us-east-1b/i-0f9e8d7c6b5a43210"},
		}}
	case "gcp":
		return Place{Platform: "gcp_kubernetes_engine", Zone: "europe-west1-b", nodes: []node{
			{"gke-apps", "4520031799277581759", "e2-standard-2", "europe-west1-b", "gce://" + account + "/europe-west1-b/gke-apps"},
			{"gke-telemetry", "4520031799277581760", "e2-standard-4", "europe-west1-c", "gce://" + account + "/europe-west1-c/gke-telemetry"},
		}}
	default:
		return Place{Platform: "azure.aks", Zone: "eastasia-1", nodes: []node{
			{"aks-apps", "02aab8a4-74ef-476e-8182-f6d2ba4166a6", "Standard_D2s_v5", "eastasia-1",
				"azure:///subscriptions/" + account + "/resourceGroups/mc_shop_shop-eas_eastasia/providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps/virtualMachines/0"},
		}}
	}
}

// Instance is the id of the virtual machine for applications in the cloud's metadata service.
func (p Place) Instance() string { return p.nodes[0].id }

// RoundTrip is the round-trip time between two clouds, from their regions.
func RoundTrip(a, b Place) time.Duration {
	switch {
	case a.Region == b.Region:
		return 2 * time.Millisecond
	case a.Cloud == "azure" && b.Cloud == "aws", a.Cloud == "aws" && b.Cloud == "azure":
		return 200 * time.Millisecond
	case a.Cloud == "azure" || b.Cloud == "azure":
		return 180 * time.Millisecond
	}
	return 80 * time.Millisecond
}

// options are the options of test/cluster.
func (p Place) options(images []string) cluster.Options {
	o := cluster.Options{Name: p.Cluster, Images: images, HostDomains: []string{"example.com", "example"}}
	if p.Cloud == "aws" {
		// The detector distinguishes EKS from other clusters on EC2 by this version.
		o.APIServerFlags = []string{"--version=v1.36.3-eks-telepod"}
	}
	if p.Cloud == "gcp" {
		// Clients detect Google Cloud by this name.
		o.Names = map[string]string{"metadata.google.internal": metadata.Address}
	}
	for i, n := range p.nodes {
		pool := "apps"
		if i > 0 {
			pool = "telemetry"
		}
		o.Nodes = append(o.Nodes, cluster.Node{Name: n.name, ProviderID: n.providerID, Labels: map[string]string{
			"topology.kubernetes.io/region": p.Region, "topology.kubernetes.io/zone": n.zone, "pool": pool,
		}})
	}
	return o
}

// metadata describes the nodes for the cloud's metadata service.
func (p Place) metadata() []metadata.Node {
	var nodes []metadata.Node
	for _, n := range p.nodes {
		zone := n.zone
		if p.Cloud == "azure" {
			zone = "1" // Azure's name; eastasia-1 is AKS's label
		}
		nodes = append(nodes, metadata.Node{Cloud: p.Cloud, Name: n.name, ID: n.id, Type: n.kind,
			Region: p.Region, Zone: zone, Account: p.Account, Cluster: p.Cluster})
	}
	return nodes
}
