variable "storage_account" {
  description = "Name of the storage account, unique in all of Azure: 3 to 24 lower-case letters and digits."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.storage_account))
    error_message = "storage_account must have 3 to 24 lower-case letters and digits."
  }
}

variable "container" {
  description = "Name of the container."
  type        = string
  default     = "telemetry"
}

variable "resource_group" {
  description = "Resource group of the storage account."
  type        = string
}

variable "location" {
  description = "Region of the storage account."
  type        = string
}

variable "replication" {
  description = "How many copies, and where: LRS, ZRS, GRS, GZRS."
  type        = string
  default     = "ZRS"
}

variable "cold_after_days" {
  description = "Days after which blobs move to cold_tier."
  type        = number
  default     = 30

  validation {
    condition     = var.cold_after_days >= 1 && var.cold_after_days < var.delete_after_days
    error_message = "cold_after_days must be at least 1, and less than delete_after_days."
  }
}

variable "delete_after_days" {
  description = "Days after which blobs are deleted."
  type        = number
  default     = 90
}

variable "cold_tier" {
  description = "cool is billed for at least 30 days, cold for 90; both can be read immediately. archive is billed for 180 days, and has to be restored first, which takes hours."
  type        = string
  default     = "cool"

  validation {
    condition     = contains(["cool", "cold", "archive"], var.cold_tier)
    error_message = "cold_tier must be cool, cold or archive."
  }
}

variable "subnet_ids" {
  description = "Subnets, with the service endpoint Microsoft.Storage, that may reach the storage account; empty allows all networks, and only identities protect it."
  type        = list(string)
  default     = []
}

variable "writers" {
  description = "Principal ids that may only write, by names that you choose."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of the storage account."
  type        = map(string)
  default     = {}
}
