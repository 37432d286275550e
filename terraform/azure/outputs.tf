output "cluster" {
  description = "Name, API server and CA (PEM) of the cluster, for the providers helm and kubernetes."
  value = {
    name           = local.cluster.name
    endpoint       = local.cluster.endpoint
    ca_certificate = local.cluster.ca
  }

  # These providers can only install releases with this permission.
  depends_on = [azurerm_role_assignment.administrator]
}

output "site_ip" {
  description = "Address of the site's load balancer, for a DNS record elsewhere; null without a site."
  value       = module.release.site_ip
}

output "archive_account" {
  description = "Name of the storage account; null without one."
  value       = one([for archive in module.archive : archive.storage_account])
}

output "identity_client_ids" {
  description = "Client ids of the managed identities: gateway, if there is one."
  value       = { for name, identity in azurerm_user_assigned_identity.collector : name => identity.client_id }
}

output "values" {
  description = "The chart's values as YAML, to inspect, or for another tool that installs the chart."
  value       = module.release.values
}
