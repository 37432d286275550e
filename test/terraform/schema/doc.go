// Package schema derives a Terraform provider's schema from its published npm package.
//
// For the CDK for Terraform, HashiCorp published an npm package for each provider, generated from the
// provider's schema. The source maps in its JavaScript contain the generated TypeScript, which names every
// resource, data source, block and attribute with its type and whether it is required, optional or computed.
// [Read] converts that back to the format of `terraform providers schema -json`.
//
// Information that the TypeScript lacks is left out: sensitivity, and limits on the number of blocks other
// than "at most one" and "at least one". Arguments whose names end in _wo are write-only, by the providers'
// convention.
//
// The package reads and converts; it neither downloads packages nor serves schemas.
package schema
