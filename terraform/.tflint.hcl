plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Variables and outputs are in files of these names; a module's resources are in files named for what
# they do, and the variables that all modules have in one that is the same everywhere.
rule "terraform_standard_module_structure" {
  enabled = false
}

# The clouds' modules pass helm and kubernetes on to the release, and declare them so that callers can
# name the ones of this cluster.
rule "terraform_unused_required_providers" {
  enabled = false
}
