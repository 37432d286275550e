// Command telepod gives pods their cloud identity and telemetry settings: in a cluster as an
// admission webhook, and offline on manifests.
//
// Each subcommand has a file of its name. They only wire: decisions and edits are package injector's,
// for the webhook as for the files, profiles are package profiles', and YAML is package manifest's.
package main
