package pipeline

import "testing"

// Installed is a Collector of a release with values of its own.
type Installed struct {
	// Name tells processes apart: the node of a region, the pod of a central site.
	Name string
	// Values of the chart, as YAML.
	Values string
	// Collector is one of [Regional], [Central] and [Sampler].
	Collector string
	// Region is what the pod would be told of where it runs.
	Region string
	// Configs are further values of --config.
	Configs []string
}

// Install makes the Collector that a release with these values would run.
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
