mock_provider "google" {}

variables {
  bucket   = "example-telemetry"
  project  = "shop-prod"
  location = "europe-west1"
  writers  = { gateway = "serviceAccount:gateway@shop-prod.iam.gserviceaccount.com" }
}

run "lifecycle" {
  assert {
    condition = [for r in google_storage_bucket.archive.lifecycle_rule : [one(r.action).type, one(r.condition).age]] == [
      ["SetStorageClass", 30], ["Delete", 90], ["AbortIncompleteMultipartUpload", 1],
    ]
    error_message = "Objects must move to a cold class after 30 days and be deleted after 90."
  }

  assert {
    condition     = one(google_storage_bucket.archive.lifecycle_rule[0].action).storage_class == "COLDLINE"
    error_message = "The cold class must be Coldline."
  }

  assert {
    condition     = !google_storage_bucket.archive.versioning[0].enabled && google_storage_bucket.archive.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "Versioning and soft deletion must be off: the data would outlive its expiry."
  }
}

run "closed" {
  assert {
    condition     = google_storage_bucket.archive.public_access_prevention == "enforced" && google_storage_bucket.archive.uniform_bucket_level_access
    error_message = "It must be impossible to make the bucket public."
  }

  assert {
    condition     = length(google_storage_bucket.archive.encryption) == 0
    error_message = "Without your key, Google's own key must be used."
  }
}

run "least_privilege" {
  assert {
    condition     = { for name, m in google_storage_bucket_iam_member.writer : name => m.role } == { gateway = "roles/storage.objectCreator" }
    error_message = "Writers must only have permission to create objects in this bucket."
  }
}

run "own_key" {
  variables {
    kms_key = "projects/shop-prod/locations/europe-west1/keyRings/telemetry/cryptoKeys/archive"
  }

  assert {
    condition     = google_storage_bucket.archive.encryption[0].default_kms_key_name == "projects/shop-prod/locations/europe-west1/keyRings/telemetry/cryptoKeys/archive"
    error_message = "Objects must be encrypted with the key."
  }
}

run "deleted_before_it_is_cold" {
  command = plan

  variables {
    delete_after_days = 30
  }

  expect_failures = [var.cold_after_days]
}
