plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Variables and outputs are in variables.tf and outputs.tf, resources in files named for what they do, and the
# variables that the clouds' modules share in telepod.tf, which is the same in each.
rule "terraform_standard_module_structure" {
  enabled = false
}

# The clouds' modules pass helm and kubernetes on to the release, and declare them so that callers can
# set those of this cluster.
rule "terraform_unused_required_providers" {
  enabled = false
}
