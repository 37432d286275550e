variable "bucket" {
  description = "Name of the bucket, unique in all of S3."
  type        = string
}

variable "cold_after_days" {
  description = "Days after which objects move to cold_storage_class."
  type        = number
  default     = 30

  validation {
    condition     = var.cold_after_days >= 30 && var.cold_after_days < var.delete_after_days
    error_message = "cold_after_days must be at least 30, which S3 bills anyway, and less than delete_after_days."
  }
}

variable "delete_after_days" {
  description = "Days after which objects are deleted. Glacier classes bill at least 90 days from the move, also for objects that are deleted earlier."
  type        = number
  default     = 90
}

variable "cold_storage_class" {
  description = "GLACIER_IR can be read and replayed immediately. GLACIER and DEEP_ARCHIVE have to be restored first, which takes hours."
  type        = string
  default     = "GLACIER_IR"

  validation {
    condition     = contains(["GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], var.cold_storage_class)
    error_message = "cold_storage_class must be GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }
}

variable "kms_key_arn" {
  description = "Your KMS key for encryption; null uses S3's own."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
}
