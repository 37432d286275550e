// Package schema derives a Terraform provider's schema from its published npm package.
//
// HashiCorp published, for the CDK for Terraform, an npm package for each provider that was
// generated from the provider's schema. Its JavaScript carries the generated TypeScript in source
// maps, and that names every resource, data source, block and attribute with its type and whether
// it is required, optional or computed. [Read] turns that back into the form which
// `terraform providers schema -json` prints.
//
// What the TypeScript does not tell is left out: which attributes are sensitive, and limits on the
// number of blocks other than "at most one" and "at least one". That an argument is write-only
// follows from its name, which ends in _wo by the providers' convention.
//
// The package reads and converts; it neither downloads packages nor serves schemas.
package schema
