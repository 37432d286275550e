// Command provider stands in for a Terraform provider: it has the real provider's schema, and nothing else.
//
// It reads schema.json, in the format of `terraform providers schema -json`, from its own directory, and
// serves it over Terraform's plugin protocol. `terraform validate` needs no more, nor does `terraform test`
// if every provider is mocked. It creates and reads nothing; any other call crashes it.
package main
