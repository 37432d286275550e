output "cluster" {
  description = "Name, API server and CA (PEM) of the cluster, for the providers helm and kubernetes."
  value = {
    name           = local.cluster.name
    endpoint       = local.cluster.endpoint
    ca_certificate = local.cluster.ca
  }

  # Releases that these providers install need nodes.
  depends_on = [google_container_node_pool.this]
}

output "site_ip" {
  description = "Address of the site's load balancer, for a DNS record elsewhere; null without a site."
  value       = module.release.site_ip
}

output "archive_bucket" {
  description = "Name of the Cloud Storage bucket; null without one."
  value       = one([for archive in module.archive : archive.bucket])
}

output "service_accounts" {
  description = "E-mails of the Google service accounts that exist: regional, gateway."
  value       = { for name, account in google_service_account.collector : name => account.email }
}

output "values" {
  description = "The chart's values as YAML, to inspect, or for another tool that installs the chart."
  value       = module.release.values
}
