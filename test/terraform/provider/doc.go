// Command provider stands in for a Terraform provider: it has the schema of the real one, and
// nothing else.
//
// It reads schema.json, in the form of `terraform providers schema -json`, from the directory that
// it lies in, and serves it over Terraform's plugin protocol. That is what `terraform validate` asks
// a provider for, and all that `terraform test` needs where every provider is mocked. It creates
// nothing, reads nothing and knows no cloud; whatever else it is asked to do ends it.
package main
