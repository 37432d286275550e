// Package terraform checks the modules in the directory terraform without a cloud, as far as that is
// possible.
//
// Two engines run them: OpenTofu, built from its module, and Terraform if the machine has it. The providers
// are stand-ins (provider) with the real schemas, which package schema reads from published npm packages.
// That finds misspelt, missing and superfluous arguments and wrong types. `terraform test` with mocked
// providers checks the modules' behaviour, and the chart values from these tests are rendered by real Helm,
// through the chart's schema.
//
// Only a cloud knows whether it accepts a value, policy, name or quota; docs/terraform.md has the list.
package terraform
