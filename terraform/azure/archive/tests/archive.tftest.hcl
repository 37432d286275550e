mock_provider "azurerm" {}

override_data {
  target = data.azurerm_resource_group.archive
  values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/telemetry" }
}

override_resource {
  target = azurerm_storage_account.archive
  values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/telemetry/providers/Microsoft.Storage/storageAccounts/exampletelemetry" }
}

variables {
  storage_account = "exampletelemetry"
  resource_group  = "telemetry"
  location        = "eastasia"
  writers         = { gateway = "00000000-0000-0000-0000-000000000002" }
}

run "lifecycle" {
  assert {
    condition     = azurerm_storage_management_policy.archive.rule[0].actions[0].base_blob[0].tier_to_cool_after_days_since_modification_greater_than == 30
    error_message = "Blobs turn cool after 30 days."
  }

  assert {
    condition     = azurerm_storage_management_policy.archive.rule[0].actions[0].base_blob[0].delete_after_days_since_modification_greater_than == 90
    error_message = "Blobs are deleted after 90 days."
  }

  assert {
    condition     = azurerm_storage_management_policy.archive.rule[0].enabled && one(azurerm_storage_management_policy.archive.rule[0].filters).prefix_match == toset(["telemetry/"])
    error_message = "The rule is on, for the archive's container."
  }

  assert {
    condition     = !azurerm_storage_account.archive.blob_properties[0].versioning_enabled && length(azurerm_storage_account.archive.blob_properties[0].delete_retention_policy) == 0
    error_message = "Versions, or what was deleted, would outlive their expiry."
  }
}

run "archive_tier" {
  variables {
    cold_tier = "archive"
  }

  assert {
    condition = azurerm_storage_management_policy.archive.rule[0].actions[0].base_blob[0].tier_to_archive_after_days_since_modification_greater_than == 30 && (
      azurerm_storage_management_policy.archive.rule[0].actions[0].base_blob[0].tier_to_cool_after_days_since_modification_greater_than == null
    )
    error_message = "Blobs go to the archive tier, and to no other."
  }
}

run "closed" {
  assert {
    condition = (
      !azurerm_storage_account.archive.allow_nested_items_to_be_public && azurerm_storage_account.archive.https_traffic_only_enabled &&
      azurerm_storage_account.archive.min_tls_version == "TLS1_2" && azurerm_storage_container.archive.container_access_type == "private"
    )
    error_message = "Nothing can be made public, and nothing travels in plaintext."
  }

  assert {
    condition     = !azurerm_storage_account.archive.shared_access_key_enabled && !azurerm_storage_account.archive.local_user_enabled
    error_message = "Only identities have access."
  }

  assert {
    condition     = azurerm_storage_account.archive.infrastructure_encryption_enabled
    error_message = "Blobs are encrypted twice."
  }
}

run "least_privilege" {
  assert {
    condition = length(azurerm_role_definition.writer.permissions[0].actions) == 0 && azurerm_role_definition.writer.permissions[0].data_actions == toset([
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
    ])
    error_message = "Writers may add blobs and nothing else."
  }

  assert {
    condition     = azurerm_role_assignment.writer["gateway"].scope == azurerm_storage_container.archive.id
    error_message = "Writers reach this container and no other."
  }
}

run "own_subnets" {
  variables {
    subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/telemetry/providers/Microsoft.Network/virtualNetworks/shop/subnets/nodes"]
  }

  assert {
    condition     = azurerm_storage_account.archive.network_rules[0].default_action == "Deny"
    error_message = "Other networks are refused."
  }
}

run "deleted_before_it_is_cold" {
  command = plan

  variables {
    delete_after_days = 30
  }

  expect_failures = [var.cold_after_days]
}
