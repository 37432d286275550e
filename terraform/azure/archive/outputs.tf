output "storage_account" {
  description = "Name of the storage account."
  value       = azurerm_storage_account.archive.name
}

output "container" {
  description = "Name of the container."
  value       = azurerm_storage_container.archive.name
}

output "blob_endpoint" {
  description = "URL of the account's blobs."
  value       = azurerm_storage_account.archive.primary_blob_endpoint
}
