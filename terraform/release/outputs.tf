output "namespace" {
  description = "Namespace of the release."
  value       = helm_release.telepod.namespace
}

output "site_hostname" {
  description = "Name of the site's load balancer, if the cloud assigns names; null without a site."
  value       = try(coalesce(local.ingress.hostname), null)
}

output "site_ip" {
  description = "Address of the site's load balancer, if the cloud assigns addresses; null without a site."
  value       = try(coalesce(local.ingress.ip), null)
}

locals {
  ingress = try(data.kubernetes_service_v1.site[0].status[0].load_balancer[0].ingress[0], null)
}

output "values" {
  description = "The chart's values as YAML, to inspect, or for another tool that installs the chart."
  value       = helm_release.telepod.values[0]
}
