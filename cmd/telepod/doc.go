// Command telepod gives pods their cloud identity and telemetry settings: in a cluster as an
// admission webhook, and offline on manifests.
//
// Each subcommand has its own file. The commands only wire packages together: injector decides and edits,
// for the webhook and for files; profiles loads the profiles, and manifest edits YAML.
package main
