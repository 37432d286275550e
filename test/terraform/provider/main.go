package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "provider:", err)
		os.Exit(1)
	}
}

func run() error {
	address, p, err := load(filepath.Join(filepath.Dir(os.Args[0]), "schema.json"))
	if err != nil {
		return err
	}
	return tf6server.Serve(address, func() tfprotov6.ProviderServer { return p })
}

func load(path string) (address string, p *provider, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
	}
	for address, s := range doc.Providers {
		p, err := newProvider(s)
		return address, p, err
	}
	return "", nil, fmt.Errorf("%s: contains no provider", path)
}

// provider implements the calls of validation and mocked tests. The embedded interface is nil, so that any
// other call panics instead of appearing to succeed.
type provider struct {
	tfprotov6.ProviderServer
	schemas tfprotov6.GetProviderSchemaResponse
}

func newProvider(s schemas) (*provider, error) {
	own, err := s.Provider.convert()
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	resources, err := convertAll(s.Resources)
	if err != nil {
		return nil, err
	}
	data, err := convertAll(s.DataSources)
	if err != nil {
		return nil, err
	}
	return &provider{schemas: tfprotov6.GetProviderSchemaResponse{
		Provider:           own,
		ResourceSchemas:    resources,
		DataSourceSchemas:  data,
		ServerCapabilities: &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true},
	}}, nil
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &p.schemas, nil
}

// GetMetadata lists the types, so that Terraform need not load every schema for that.
func (p *provider) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	out := &tfprotov6.GetMetadataResponse{ServerCapabilities: p.schemas.ServerCapabilities}
	for name := range p.schemas.ResourceSchemas {
		out.Resources = append(out.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for name := range p.schemas.DataSourceSchemas {
		out.DataSources = append(out.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	return out, nil
}

func (p *provider) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

// ValidateProviderConfig accepts everything, like the other validators: Terraform has checked it against the schema.
func (p *provider) ValidateProviderConfig(_ context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p *provider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (p *provider) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

// UpgradeResourceState is called by OpenTofu when a mocked test ends.
func (p *provider) UpgradeResourceState(_ context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	s, found := p.schemas.ResourceSchemas[r.TypeName]
	if !found {
		return nil, fmt.Errorf("unknown resource %s", r.TypeName)
	}
	state, err := r.RawState.Unmarshal(s.ValueType())
	if err != nil {
		return nil, err
	}
	value, err := tfprotov6.NewDynamicValue(s.ValueType(), state)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &value}, err
}

func (p *provider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

// parseType parses a type in Terraform's JSON notation.
func parseType(text json.RawMessage) (tftypes.Type, error) {
	//lint:ignore SA1019 nothing else parses the notation that Terraform prints
	return tftypes.ParseJSONType(text)
}
