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
    error_message = "cold_after_days is 30 at least, which is what S3 bills, and less than delete_after_days."
  }
}

variable "delete_after_days" {
  description = "Days after which objects are deleted. Glacier classes bill 90 days from the move at least, also for what is deleted before."
  type        = number
  default     = 90
}

variable "cold_storage_class" {
  description = "GLACIER_IR can be read, and replayed, at once. GLACIER and DEEP_ARCHIVE have to be restored first, within hours."
  type        = string
  default     = "GLACIER_IR"

  validation {
    condition     = contains(["GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], var.cold_storage_class)
    error_message = "cold_storage_class is GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }
}

variable "kms_key_arn" {
  description = "Key of yours to encrypt with; null encrypts with S3's own."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
}
