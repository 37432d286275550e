// Package terraform checks the modules in the directory terraform without a cloud, as far as that is
// possible.
//
// Two engines run them: OpenTofu, built from its module, and Terraform, if it is installed. Package provider
// replaces the providers. It has the real schemas, which package schema reads from published npm packages.
// They find misspelt, missing and superfluous arguments, and wrong types. `terraform test` with mocked
// providers checks the modules' behaviour, and the chart values from these tests are rendered by real Helm,
// through the chart's schema.
//
// Only a cloud can check whether it accepts a value, policy, name or quota; docs/terraform.md lists these gaps.
package terraform
