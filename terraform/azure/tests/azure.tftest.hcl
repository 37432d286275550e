mock_provider "azurerm" {
  mock_resource "azurerm_kubernetes_cluster" {
    defaults = {
      id              = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/telemetry/providers/Microsoft.ContainerService/managedClusters/prod-ea"
      oidc_issuer_url = "https://eastasia.oic.prod-aks.azure.com/made/"
      kube_config     = [{ host = "https://made.example.com", cluster_ca_certificate = "Y2E=", client_certificate = "", client_key = "", username = "", password = "" }]
    }
  }

  mock_data "azurerm_kubernetes_cluster" {
    defaults = {
      oidc_issuer_url = "https://eastasia.oic.prod-aks.azure.com/found/"
      kube_config     = [{ host = "https://found.example.com", cluster_ca_certificate = "Y2E=", client_certificate = "", client_key = "", username = "", password = "" }]
    }
  }
}
mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  subscription_id = "00000000-0000-0000-0000-000000000001"
  resource_group  = "telemetry"
  location        = "eastasia"
  cluster         = { name = "prod-ea", subnet_id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/shop/subnets/nodes", admin_object_ids = { terraform = "00000000-0000-0000-0000-000000000003" } }
  telepod = {
    primary = "us.example.com:4318"
    backup  = "eu.example.com:4318"
    tls     = { issuer = "telemetry", ca_config_map = "telemetry-ca" }
  }
}

run "new_cluster" {
  assert {
    condition = (
      azurerm_kubernetes_cluster.this["cluster"].default_node_pool[0].min_count == 2 && azurerm_kubernetes_cluster.this["cluster"].default_node_pool[0].node_count == 3 &&
      azurerm_kubernetes_cluster.this["cluster"].default_node_pool[0].max_count == 5 && azurerm_kubernetes_cluster.this["cluster"].default_node_pool[0].auto_scaling_enabled
    )
    error_message = "The node pool must start with three nodes, between two and five."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this["cluster"].oidc_issuer_enabled && azurerm_kubernetes_cluster.this["cluster"].workload_identity_enabled && azurerm_kubernetes_cluster.this["cluster"].local_account_disabled
    error_message = "Pods and people must have identities, and the cluster no local account."
  }

  assert {
    condition     = azurerm_role_assignment.administrator["terraform"].role_definition_name == "Azure Kubernetes Service RBAC Cluster Admin"
    error_message = "The identity that runs Terraform must have permission to install the chart."
  }

  assert {
    condition     = length(azurerm_user_assigned_identity.collector) == 0 && length(module.archive) == 0
    error_message = "Collectors that do not use Azure must have no identity."
  }

  assert {
    condition     = yamldecode(output.values).cloud == { provider = "azure", region = "eastasia", account = "00000000-0000-0000-0000-000000000001" }
    error_message = "The chart's values must contain the cluster's cloud, region and account."
  }
}

run "existing_cluster" {
  variables {
    cluster = { name = "prod-ea", create = false }
  }

  assert {
    condition     = length(azurerm_kubernetes_cluster.this) + length(azurerm_role_assignment.administrator) + length(azurerm_role_assignment.network) == 0
    error_message = "An existing cluster must not change."
  }

  assert {
    condition     = output.cluster == { name = "prod-ea", endpoint = "https://found.example.com", ca_certificate = "ca" }
    error_message = "The output must describe the existing cluster for the providers."
  }
}

run "site" {
  variables {
    site     = { role = "backup", regions = ["azure/eastasia"], jaeger = "jaeger.tracing:4317" }
    dns_zone = { name = "example.com", resource_group = "dns" }
    blobs    = { storage_account = "exampletelemetry", gateway = "s3-gateway/gateway" }
    archive  = { bucket = "telemetry", region = "eastasia", endpoint = "http://s3-gateway.s3-gateway:7070", credentials_secret = "telemetry-archive" }
  }

  override_data {
    target = module.release.data.kubernetes_service_v1.site
    values = { status = [{ load_balancer = [{ ingress = [{ ip = "198.51.100.7", hostname = "" }] }] }] }
  }

  assert {
    condition     = azurerm_dns_a_record.site["site"].name == "eu" && azurerm_dns_a_record.site["site"].records == toset(["198.51.100.7"]) && length(azurerm_private_dns_a_record.site) == 0
    error_message = "The backup's name must point to the site's load balancer."
  }

  assert {
    condition     = azurerm_federated_identity_credential.collector["gateway"].subject == "system:serviceaccount:s3-gateway:gateway" && azurerm_federated_identity_credential.collector["gateway"].issuer == "https://eastasia.oic.prod-aks.azure.com/made/"
    error_message = "Only the gateway's ServiceAccount in this cluster may use the identity."
  }

  assert {
    condition     = yamldecode(output.values).central.archive.regions == ["azure/eastasia"] && yamldecode(output.values).central.role == "backup"
    error_message = "The site must archive with a folder for each region."
  }
}

run "site_in_a_private_zone" {
  variables {
    site     = { role = "primary", regions = ["azure/eastasia"], jaeger = "jaeger.tracing:4317" }
    dns_zone = { name = "example.com", resource_group = "dns", private = true }
  }

  override_data {
    target = module.release.data.kubernetes_service_v1.site
    values = { status = [{ load_balancer = [{ ingress = [{ ip = "10.0.0.7", hostname = "" }] }] }] }
  }

  assert {
    condition     = azurerm_private_dns_a_record.site["site"].name == "us" && length(azurerm_dns_a_record.site) == 0
    error_message = "The primary's name must be in the private zone."
  }
}

run "one_node" {
  command = plan

  variables {
    nodes = { min = 1 }
  }

  expect_failures = [var.nodes]
}

run "cluster_without_administrators" {
  command = plan

  variables {
    cluster = { name = "prod-ea", subnet_id = "/subscriptions/s" }
  }

  expect_failures = [var.cluster]
}

run "dns_zone_without_a_site" {
  command = plan

  variables {
    dns_zone = { name = "example.com", resource_group = "dns" }
  }

  expect_failures = [var.dns_zone]
}
