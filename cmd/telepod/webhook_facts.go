package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/telepod/telepod/profiles"
)

// Environment variables that replace the flags of the same names.
const (
	envRegion      = "TELEPOD_REGION"
	envAccount     = "TELEPOD_ACCOUNT"
	envCluster     = "TELEPOD_CLUSTER"
	envEnvironment = "TELEPOD_ENVIRONMENT"
)

func registerFacts(flags *pflag.FlagSet, facts *profiles.Facts) {
	flags.StringVar(&facts.Region, "region", "", "cloud region ("+envRegion+")")
	flags.StringVar(&facts.Account, "account", "", "cloud account, project or subscription ("+envAccount+")")
	flags.StringVar(&facts.Cluster, "cluster", "", "name of the cluster ("+envCluster+")")
	flags.StringVar(&facts.Environment, "environment", "", "deployment environment ("+envEnvironment+")")
	flags.StringVar(&facts.Endpoint, "endpoint", "", "default OTLP endpoint for profiles that set none: node, service or sidecar (default node)")
	flags.StringVar(&facts.ServiceHost, "service-host", "", "DNS name of the regional Collectors' Service (default telepod-collector.telepod.svc)")
	flags.StringVar(&facts.ClusterServiceHost, "cluster-service-host", "", "DNS name of a Service that reaches Collectors on every node, for pods on nodes without one (default that of --service-host)")
	flags.StringVar(&facts.SidecarImage, "sidecar-image", "", "image of the sidecar for profiles that set none (default Telepod's Collector of this version)")
	flags.StringSliceVar(&facts.SidecarPullSecrets, "sidecar-pull-secrets", nil, "names of image pull Secrets of the sidecar for profiles that set none")
	flags.Int32Var(&facts.GRPCPort, "grpc-port", 0, "gRPC port of the regional Collectors, on nodes and Services, for profiles that set none (default 4317)")
	flags.Int32Var(&facts.HTTPPort, "http-port", 0, "HTTP port of the regional Collectors, on nodes and Services, for profiles that set none (default 4318)")
}

// allFacts completes the facts: a flag wins over the environment, which wins over the file.
func (f *webhookFlags) allFacts() (profiles.Facts, error) {
	file, err := readFacts(f.factsFile)
	if err != nil {
		return profiles.Facts{}, err
	}
	facts := withEnvironment(f.facts)
	facts.Identity = profiles.Identity{
		Region:      cmp.Or(facts.Region, file.Region),
		Account:     cmp.Or(facts.Account, file.Account),
		Cluster:     cmp.Or(facts.Cluster, file.Cluster),
		Environment: cmp.Or(facts.Environment, file.Environment),
	}
	return facts, nil
}

func readFacts(path string) (profiles.Identity, error) {
	var facts profiles.Identity // yaml uses the lower-case names of the fields
	if path == "" {
		return facts, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return facts, fmt.Errorf("read facts: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&facts); err != nil && !errors.Is(err, io.EOF) {
		return facts, fmt.Errorf("read facts %s: %w: set region, account, cluster and environment, each a string", path, err)
	}
	return facts, nil
}

// withEnvironment fills in facts that no flag sets.
func withEnvironment(facts profiles.Facts) profiles.Facts {
	facts.Identity = profiles.Identity{
		Region:      cmp.Or(facts.Region, os.Getenv(envRegion)),
		Account:     cmp.Or(facts.Account, os.Getenv(envAccount)),
		Cluster:     cmp.Or(facts.Cluster, os.Getenv(envCluster)),
		Environment: cmp.Or(facts.Environment, os.Getenv(envEnvironment)),
	}
	return facts
}
