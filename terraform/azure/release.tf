# The storage account, the chart with this cloud's values, and the site's name.

module "archive" {
  source   = "./archive"
  for_each = { for blobs in var.blobs[*] : "archive" => blobs }

  storage_account   = each.value.storage_account
  container         = each.value.container
  resource_group    = var.resource_group
  location          = var.location
  cold_after_days   = each.value.cold_after_days
  delete_after_days = each.value.delete_after_days
  cold_tier         = each.value.cold_tier
  subnet_ids        = each.value.subnet_ids
  tags              = var.tags
  writers           = { gateway = azurerm_user_assigned_identity.collector["gateway"].principal_id }
}

module "release" {
  source = "../release"

  cloud        = { provider = "azure", region = var.location, account = var.subscription_id }
  cluster_name = var.cluster.name
  telepod      = var.telepod
  site         = var.site
  archive      = var.archive

  depends_on = [azurerm_role_assignment.administrator, azurerm_role_assignment.network]
}

locals {
  name  = try(split(":", var.site.role == "primary" ? var.telepod.primary : var.telepod.backup)[0], null)
  zones = { for zone in var.dns_zone[*] : "site" => merge(zone, { record = trimsuffix(local.name, ".${zone.name}") }) }
}

resource "azurerm_dns_a_record" "site" {
  for_each = { for key, zone in local.zones : key => zone if !zone.private }

  name                = each.value.record
  zone_name           = each.value.name
  resource_group_name = each.value.resource_group
  ttl                 = 60
  records             = [module.release.site_ip]
}

resource "azurerm_private_dns_a_record" "site" {
  for_each = { for key, zone in local.zones : key => zone if zone.private }

  name                = each.value.record
  zone_name           = each.value.name
  resource_group_name = each.value.resource_group
  ttl                 = 60
  records             = [module.release.site_ip]
}
