//go:build !injector

package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// valueOrigins records which values come from the command line. A plan does not have that information, because the
// cluster's facts are already merged into the profiles.
type valueOrigins struct {
	flags map[string]string // by fact, such as region: the flag or environment variable that set it
	bare  *profiles.Set     // the profiles without facts
}

// factOf returns the fact that a derived variable contains.
func factOf(variable string) string {
	return map[string]string{"CLOUD_REGION": "region", "CLOUD_ACCOUNT_ID": "account",
		"K8S_CLUSTER_NAME": "cluster", "DEPLOYMENT_ENVIRONMENT": "environment"}[variable]
}

func (f *offlineFlags) origins(cmd *cobra.Command) (valueOrigins, error) {
	o := valueOrigins{flags: map[string]string{}}
	for _, name := range []string{"region", "account", "cluster", "environment", "endpoint", "profile"} {
		env := "TELEPOD_" + strings.ToUpper(name)
		switch {
		case cmd.Flags().Changed(name):
			o.flags[name] = "--" + name
		case factOf(variableOf(name)) != "" && os.Getenv(env) != "":
			o.flags[name] = env
		}
	}
	var err error
	o.bare, err = loadProfiles(profiles.Facts{}, f.profilesDir)
	return o, err
}

// variableOf returns the derived variable that contains a fact; "" if there is none.
func variableOf(fact string) string {
	return map[string]string{"region": "CLOUD_REGION", "account": "CLOUD_ACCOUNT_ID",
		"cluster": "K8S_CLUSTER_NAME", "environment": "DEPLOYMENT_ENVIRONMENT"}[fact]
}

// setting returns the source of a setting, by the name of its annotation.
func (o valueOrigins) setting(name string, s injector.Setting[string]) string {
	flag := o.flags[name]
	switch {
	case flag == "" || s.Origin == injector.FromPod || s.Origin == injector.FromNamespace:
	case name == "profile" || name == "endpoint" && s.Value != profiles.EndpointSidecar:
		return flag
	}
	return string(s.Origin)
}

// why returns the source of a variable: the plan's, unless a fact provided the value.
func (o valueOrigins) why(p planned, v *injector.EnvVar) string {
	fact := factOf(v.Name)
	flag := o.flags[fact]
	if flag == "" || v.ValueFrom != nil || p.Plan.Profile == nil {
		return v.Why
	}
	bare, ok := o.bare.Lookup(p.Plan.Profile.Name)
	if !ok {
		return v.Why
	}
	ofProfile := map[string]string{"region": bare.Identity.Region, "account": bare.Identity.Account,
		"cluster": bare.Identity.Cluster, "environment": bare.Identity.Environment}[fact]
	if ofProfile != "" {
		return v.Why
	}
	return flag
}
