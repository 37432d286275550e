// Package clouds starts three simulated clouds on one machine, for the end-to-end test and the demo.
//
//	EKS us-east-1            GKE europe-west1         AKS eastasia
//	apps, central primary    apps, central backup     apps
//	      └──────────── wan.Link, with delay ──────────────┘
//	Jaeger · Prometheus · S3 · Kafka, processes near the primary
//
// [New] plans an estate, and its methods start it in this order:
//
//   - [Estate.Build] compiles the programs; [Estate.StartClusters] and [Estate.StartStores] start them.
//   - [Estate.Install] simulates the clouds' load balancers, while telepod estate creates certificates and installs every
//     cluster, from estate.yaml. [Estate.FollowOneCluster] and [Estate.FollowThreeClusters] follow docs/quickstart.md instead.
//   - [Estate.DeployShop] runs the services of examples/shop, which call each other across clouds.
//
// [Site] is one cluster. Its nodes have provider IDs, topology labels and their cloud's metadata service. Clusters
// reach each other only through links, which callers can get from [Estate.Links], cut, and count.
// [Estate.KillPrimary] and similar methods inject faults; [Watch] samples the sites' rates; [Load] sends spans with
// sequence numbers, and [Estate.Outcome] reports which arrived.
//
// The package checks nothing: test/demo does.
package clouds
