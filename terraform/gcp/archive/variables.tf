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
    error_message = "cold_after_days is 1 at least, and less than delete_after_days."
  }
}

variable "delete_after_days" {
  description = "Days after which objects are deleted."
  type        = number
  default     = 90
}

variable "cold_storage_class" {
  description = "COLDLINE is billed for 90 days from an object's creation at least, NEARLINE for 30, ARCHIVE for 365. All can be read at once."
  type        = string
  default     = "COLDLINE"

  validation {
    condition     = contains(["NEARLINE", "COLDLINE", "ARCHIVE"], var.cold_storage_class)
    error_message = "cold_storage_class is NEARLINE, COLDLINE or ARCHIVE."
  }
}

variable "kms_key" {
  description = "Cloud KMS key of yours to encrypt with, in full (projects/…/cryptoKeys/…); null encrypts with Google's own."
  type        = string
  default     = null
}

variable "writers" {
  description = "Who may write, and nothing else: members such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com, by names of yours."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
  default     = {}
}
