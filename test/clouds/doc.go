// Package clouds starts three clouds on one machine: what the end-to-end story and its demo run in.
//
//	EKS us-east-1            GKE europe-west1         AKS eastasia
//	apps, central primary    apps, central backup     apps
//	      └────────── wan.Link, with length ───────────────┘
//	Jaeger · Prometheus · S3 · Kafka, processes beside the primary
//
// [New] plans an estate, and its methods bring it up in this order:
//
//   - [Estate.Build] compiles what runs; [Estate.StartClusters] and [Estate.StartStores] start it.
//   - [Estate.Install] plays the clouds' load balancers, and has telepod estate make certificates and install every
//     cluster, from estate.yaml. [Estate.TryOne] and [Estate.TryThree] follow docs/quickstart.md instead.
//   - [Estate.DeployShop] runs the services of examples/shop, which call each other across clouds.
//
// [Site] is one cluster. Nodes have provider IDs, topology labels and their cloud's metadata service.
// Clusters reach each other through the links only: [Estate.Links] has them, to be cut and counted.
// [Estate.KillPrimary] and its neighbours break things; [Watch] samples who receives how much;
// [Load] sends spans with sequence numbers, whose fate [Estate.Outcome] tells.
//
// It asserts nothing: test/demo does.
package clouds
