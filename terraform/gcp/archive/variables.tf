variable "bucket" {
  description = "Name of the bucket, unique in all of Cloud Storage."
  type        = string
}

variable "project" {
  description = "Project of the bucket."
  type        = string
}

variable "location" {
  description = "Region of the bucket."
  type        = string
}

variable "cold_after_days" {
  description = "Days after which objects move to cold_storage_class."
  type        = number
  default     = 30

  validation {
    condition     = var.cold_after_days >= 1 && var.cold_after_days < var.delete_after_days
    error_message = "cold_after_days must be at least 1, and less than delete_after_days."
  }
}

variable "delete_after_days" {
  description = "Days after which objects are deleted."
  type        = number
  default     = 90
}

variable "cold_storage_class" {
  description = "COLDLINE is billed for at least 90 days from an object's creation, NEARLINE for 30, ARCHIVE for 365. All can be read immediately."
  type        = string
  default     = "COLDLINE"

  validation {
    condition     = contains(["NEARLINE", "COLDLINE", "ARCHIVE"], var.cold_storage_class)
    error_message = "cold_storage_class must be NEARLINE, COLDLINE or ARCHIVE."
  }
}

variable "kms_key" {
  description = "Your Cloud KMS key for encryption, in full (projects/…/cryptoKeys/…); null uses Google's own."
  type        = string
  default     = null
}

variable "writers" {
  description = "Members that may only write, such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com, by names that you choose."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
  default     = {}
}
