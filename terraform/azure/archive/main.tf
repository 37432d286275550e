resource "azurerm_storage_account" "archive" {
  name                     = var.storage_account
  resource_group_name      = var.resource_group
  location                 = var.location
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.replication
  access_tier              = "Hot"
  tags                     = var.tags

  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  infrastructure_encryption_enabled = true
  # Only identities have access: the account's keys could delete everything.
  shared_access_key_enabled = false
  local_user_enabled        = false

  # No versions, and nothing kept after its deletion: every blob has a unique name and is written once,
  # the writer may not delete, and expired blobs have to be gone, and no longer billed.
  blob_properties {
    versioning_enabled = false
  }

  network_rules {
    default_action             = length(var.subnet_ids) > 0 ? "Deny" : "Allow"
    bypass                     = ["AzureServices"]
    virtual_network_subnet_ids = var.subnet_ids
  }
}

resource "azurerm_storage_container" "archive" {
  name                  = var.container
  storage_account_id    = azurerm_storage_account.archive.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "archive" {
  storage_account_id = azurerm_storage_account.archive.id

  rule {
    name    = "archive"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${var.container}/"]
    }

    actions {
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than    = var.cold_tier == "cool" ? var.cold_after_days : null
        tier_to_cold_after_days_since_modification_greater_than    = var.cold_tier == "cold" ? var.cold_after_days : null
        tier_to_archive_after_days_since_modification_greater_than = var.cold_tier == "archive" ? var.cold_after_days : null
        delete_after_days_since_modification_greater_than          = var.delete_after_days
      }
    }
  }
}

data "azurerm_resource_group" "archive" {
  name = var.resource_group
}

# Azure's built-in roles for blobs may also read and delete.
resource "azurerm_role_definition" "writer" {
  name        = "Telepod archive writer ${var.storage_account}"
  scope       = data.azurerm_resource_group.archive.id
  description = "Adds blobs to the archive."

  permissions {
    actions = []
    data_actions = [
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
    ]
  }

  assignable_scopes = [data.azurerm_resource_group.archive.id]
}

resource "azurerm_role_assignment" "writer" {
  for_each = var.writers

  scope              = azurerm_storage_container.archive.id
  role_definition_id = azurerm_role_definition.writer.role_definition_resource_id
  principal_id       = each.value
  principal_type     = "ServicePrincipal"
}
