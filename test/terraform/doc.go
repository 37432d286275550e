// Package terraform checks the modules in the directory terraform as far as that is possible without
// a cloud.
//
// Two engines run them: OpenTofu, built from its module, and Terraform where the machine has it. The
// providers are stand-ins (provider) with the schemas of the real ones, which the package schema takes
// from published npm packages. That finds every misspelt, missing or superfluous argument and every
// wrong type; `terraform test` with mocked providers holds what the modules promise; and the chart's
// values that come out of these tests are rendered by real Helm, through the chart's schema.
//
// What only a cloud knows stays unknown: whether it takes a value, a policy, a name, a quota.
// docs/terraform.md has the list.
package terraform
