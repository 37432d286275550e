// Command provider replaces a Terraform provider: it has only the real provider's schema.
//
// It reads schema.json, in the format of `terraform providers schema -json`, from its own directory, and
// serves it over Terraform's plugin protocol. `terraform validate` needs only the schema, and so does `terraform
// test` if every provider is mocked. The command creates and reads nothing; any other call crashes it.
package main
