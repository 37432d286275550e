output "cluster" {
  description = "Name, API server and CA (PEM) of the cluster, for the providers helm and kubernetes."
  value = {
    name           = local.cluster.name
    endpoint       = local.cluster.endpoint
    ca_certificate = local.cluster.ca
  }

  # What is installed through these providers needs nodes to run on.
  depends_on = [aws_eks_node_group.this]
}

output "site_hostname" {
  description = "Name of the site's load balancer, for a DNS record elsewhere; null without a site."
  value       = module.release.site_hostname
}

output "archive_bucket" {
  description = "Name of the archive's bucket; null: none."
  value       = one([for archive in module.archive : archive.bucket])
}

output "role_arns" {
  description = "The Collectors' roles, by regional and central, as far as there are."
  value       = { for name, role in aws_iam_role.collector : name => role.arn }
}

output "values" {
  description = "The chart's values as YAML, for a look, or for another tool that installs the chart."
  value       = module.release.values
}
