# A managed identity for the gateway that writes blobs. The regional Collectors need none: Azure Monitor's exporter
# authenticates with its connection string.

locals {
  gateways = { for blobs in var.blobs[*] : "gateway" => blobs.gateway }
}

resource "azurerm_user_assigned_identity" "collector" {
  for_each = local.gateways

  name                = "${var.cluster.name}-${each.key}"
  resource_group_name = var.resource_group
  location            = var.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "collector" {
  for_each = local.gateways

  name                = "telepod"
  resource_group_name = var.resource_group
  parent_id           = azurerm_user_assigned_identity.collector[each.key].id
  issuer              = local.cluster.issuer
  subject             = "system:serviceaccount:${replace(each.value, "/", ":")}"
  audience            = ["api://AzureADTokenExchange"]
}
