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
    error_message = "Blobs must move to the cool tier after 30 days."
  }

  assert {
    condition     = azurerm_storage_management_policy.archive.rule[0].actions[0].base_blob[0].delete_after_days_since_modification_greater_than == 90
    error_message = "Blobs must be deleted after 90 days."
  }

  assert {
    condition     = azurerm_storage_management_policy.archive.rule[0].enabled && one(azurerm_storage_management_policy.archive.rule[0].filters).prefix_match == toset(["telemetry/"])
    error_message = "The rule must be enabled, for the archive's container."
  }

  assert {
    condition     = !azurerm_storage_account.archive.blob_properties[0].versioning_enabled && length(azurerm_storage_account.archive.blob_properties[0].delete_retention_policy) == 0
    error_message = "Versioning and soft deletion must be off: the data would outlive its expiry."
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
    error_message = "Blobs must move only to the archive tier."
  }
}

run "closed" {
  assert {
    condition = (
      !azurerm_storage_account.archive.allow_nested_items_to_be_public && azurerm_storage_account.archive.https_traffic_only_enabled &&
      azurerm_storage_account.archive.min_tls_version == "TLS1_2" && azurerm_storage_container.archive.container_access_type == "private"
    )
    error_message = "It must be impossible to make blobs public or to use plaintext."
  }

  assert {
    condition     = !azurerm_storage_account.archive.shared_access_key_enabled && !azurerm_storage_account.archive.local_user_enabled
    error_message = "Only identities may have access."
  }

  assert {
    condition     = azurerm_storage_account.archive.infrastructure_encryption_enabled
    error_message = "Blobs must be encrypted twice."
  }
}

run "least_privilege" {
  assert {
    condition = length(azurerm_role_definition.writer.permissions[0].actions) == 0 && azurerm_role_definition.writer.permissions[0].data_actions == toset([
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
    ])
    error_message = "Writers must only have permission to add blobs."
  }

  assert {
    condition     = azurerm_role_assignment.writer["gateway"].scope == azurerm_storage_container.archive.id
    error_message = "Writers must only reach this container."
  }
}

run "own_subnets" {
  variables {
    subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/telemetry/providers/Microsoft.Network/virtualNetworks/shop/subnets/nodes"]
  }

  assert {
    condition     = azurerm_storage_account.archive.network_rules[0].default_action == "Deny"
    error_message = "Other networks must be refused."
  }
}

run "deleted_before_it_is_cold" {
  command = plan

  variables {
    delete_after_days = 30
  }

  expect_failures = [var.cold_after_days]
}
