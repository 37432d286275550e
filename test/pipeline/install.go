package pipeline

import "testing"

// Installed describes a Collector of a release with given values.
type Installed struct {
	// Name identifies the process: the node of a region, the pod of a central site.
	Name string
	// Values of the chart, as YAML.
	Values string
	// Collector is one of [Regional], [Central] and [Sampler].
	Collector string
	// Region is the cloud region in the pod's environment.
	Region string
	// Configs are further values of --config.
	Configs []string
}

// Install creates the Collector that a release with these values would run.
func (p *Plant) Install(t testing.TB, i Installed) *Node {
	t.Helper()
	configs := []string{p.Render(t, i.Values, i.Collector)}
	if i.Collector == Regional {
		configs = append(configs, offCluster, "yaml:processors::resource_detection::detectors: [env]")
	}
	node := p.node(i.Name, append(configs, i.Configs...))
	node.run.Env = append(node.run.Env, "CLOUD_REGION="+i.Region, "K8S_NODE_NAME="+i.Name)
	return node
}
