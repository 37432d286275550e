resource "google_storage_bucket" "archive" {
  name     = var.bucket
  project  = var.project
  location = var.location
  labels   = var.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # No versions, and nothing kept after its deletion: every object has a unique name and is written once,
  # the writer may not delete, and expired objects have to be gone, and no longer billed.
  versioning {
    enabled = false
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # Cloud Storage encrypts everything anyway; this sets your own key.
  dynamic "encryption" {
    for_each = var.kms_key[*]

    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = var.cold_storage_class
    }

    condition {
      age = var.cold_after_days
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = var.delete_after_days
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 1
    }
  }
}

resource "google_storage_bucket_iam_member" "writer" {
  for_each = var.writers

  bucket = google_storage_bucket.archive.name
  role   = "roles/storage.objectCreator"
  member = each.value
}
