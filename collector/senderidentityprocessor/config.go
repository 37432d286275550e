package senderidentityprocessor

import (
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
)

// What the processor does with a false claim.
const (
	ActionReport  = "report"
	ActionEnforce = "enforce"
)

// How the processor reaches the Kubernetes API.
const (
	AuthServiceAccount = "serviceAccount"
	AuthNone           = "none"
)

// Config of the processor sender_identity.
type Config struct {
	// AuthType is serviceAccount, or none, which disables the check.
	AuthType string `mapstructure:"auth_type"`
	// Node limits the watch to the pods of one node. Empty watches all pods of the cluster.
	Node string `mapstructure:"node"`
	// Action on a false claim: report or enforce.
	Action string `mapstructure:"action"`
	// TrustedNamespaces are those of agents and gateways, which report telemetry of other pods.
	TrustedNamespaces []string `mapstructure:"trusted_namespaces"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func defaultConfig() component.Config {
	return &Config{AuthType: AuthServiceAccount, Action: ActionReport}
}

// Validate reports unknown values.
func (c *Config) Validate() error {
	if !slices.Contains([]string{AuthServiceAccount, AuthNone}, c.AuthType) {
		return fmt.Errorf("auth_type: unknown value %q: use serviceAccount or none", c.AuthType)
	}
	if !slices.Contains([]string{ActionReport, ActionEnforce}, c.Action) {
		return fmt.Errorf("action: unknown value %q: use report or enforce", c.Action)
	}
	return nil
}
