output "cluster" {
  description = "Name, API server and CA (PEM) of the cluster, for the providers helm and kubernetes."
  value = {
    name           = local.cluster.name
    endpoint       = local.cluster.endpoint
    ca_certificate = local.cluster.ca
  }

  # Releases that these providers install need nodes.
  depends_on = [aws_eks_node_group.this]
}

output "site_hostname" {
  description = "Name of the site's load balancer, for a DNS record elsewhere; null without a site."
  value       = module.release.site_hostname
}

output "archive_bucket" {
  description = "Name of the archive's bucket; null without one."
  value       = one([for archive in module.archive : archive.bucket])
}

output "role_arns" {
  description = "ARNs of the Collectors' roles that exist: regional, central."
  value       = { for name, role in aws_iam_role.collector : name => role.arn }
}

output "values" {
  description = "The chart's values as YAML, to inspect, or for another tool that installs the chart."
  value       = module.release.values
}
