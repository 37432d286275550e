# A cluster with a node pool, unless you have one.

locals {
  created = var.cluster.create ? { cluster = var.cluster } : {}
  found   = var.cluster.create ? {} : { cluster = var.cluster }
  cluster = one([for c in concat(values(azurerm_kubernetes_cluster.this), values(data.azurerm_kubernetes_cluster.this)) : {
    name     = c.name
    endpoint = c.kube_config[0].host
    ca       = base64decode(c.kube_config[0].cluster_ca_certificate)
    issuer   = c.oidc_issuer_url
  }])
}

data "azurerm_kubernetes_cluster" "this" {
  for_each = local.found

  name                = each.value.name
  resource_group_name = var.resource_group
}

resource "azurerm_kubernetes_cluster" "this" {
  for_each = local.created

  name                = each.value.name
  resource_group_name = var.resource_group
  location            = var.location
  dns_prefix          = each.value.name
  kubernetes_version  = each.value.version
  sku_tier            = "Standard"
  tags                = var.tags

  private_cluster_enabled   = each.value.private
  oidc_issuer_enabled       = true
  workload_identity_enabled = true
  # Only identities have access: a local account's certificate could not be revoked.
  local_account_disabled = true

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled = true
  }

  identity {
    type = "SystemAssigned"
  }

  default_node_pool {
    name                        = "telepod"
    vm_size                     = var.nodes.vm_size
    os_disk_size_gb             = var.nodes.disk_gigabytes
    zones                       = var.nodes.zones
    vnet_subnet_id              = each.value.subnet_id
    auto_scaling_enabled        = true
    min_count                   = var.nodes.min
    node_count                  = var.nodes.desired
    max_count                   = var.nodes.max
    temporary_name_for_rotation = "rotation"
    tags                        = var.tags

    upgrade_settings {
      max_surge = "1"
    }
  }

  # Cilium makes the chart's NetworkPolicies take effect.
  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    load_balancer_sku   = "standard"
  }

  dynamic "api_server_access_profile" {
    for_each = length(each.value.authorized_ranges) > 0 ? [each.value.authorized_ranges] : []

    content {
      authorized_ip_ranges = api_server_access_profile.value
    }
  }

  lifecycle {
    # Afterwards, the autoscaler changes it.
    ignore_changes = [default_node_pool[0].node_count]
  }
}

resource "azurerm_role_assignment" "administrator" {
  for_each = var.cluster.create ? var.cluster.admin_object_ids : {}

  scope                = azurerm_kubernetes_cluster.this["cluster"].id
  role_definition_name = "Azure Kubernetes Service RBAC Cluster Admin"
  principal_id         = each.value
}

# Images from your container registry.
resource "azurerm_role_assignment" "images" {
  for_each = { for id in var.cluster.registry_id[*] : "registry" => id if var.cluster.create }

  scope                = each.value
  role_definition_name = "AcrPull"
  principal_id         = azurerm_kubernetes_cluster.this["cluster"].kubelet_identity[0].object_id
}

# For internal load balancers in your subnet.
resource "azurerm_role_assignment" "network" {
  for_each = local.created

  scope                = each.value.subnet_id
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_kubernetes_cluster.this["cluster"].identity[0].principal_id
}
