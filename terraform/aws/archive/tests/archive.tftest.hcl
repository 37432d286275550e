mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  bucket = "example-telemetry"
}

run "lifecycle" {
  assert {
    condition     = [for t in aws_s3_bucket_lifecycle_configuration.archive.rule[0].transition : [t.days, t.storage_class]] == [[30, "GLACIER_IR"]]
    error_message = "Objects must move to a Glacier class after 30 days."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.archive.rule[0].expiration[0].days == 90
    error_message = "Objects must be deleted after 90 days."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.archive.rule[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.archive.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 1
    error_message = "The rule must be enabled, and delete incomplete uploads."
  }

  assert {
    condition     = aws_s3_bucket_versioning.archive.versioning_configuration[0].status == "Disabled"
    error_message = "Versioning must be off: versions would outlive their expiry."
  }
}

run "closed" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.archive.block_public_acls,
      aws_s3_bucket_public_access_block.archive.block_public_policy,
      aws_s3_bucket_public_access_block.archive.ignore_public_acls,
      aws_s3_bucket_public_access_block.archive.restrict_public_buckets,
    ])
    error_message = "Public access must be blocked in all four ways."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.archive.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects must be encrypted."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.archive.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.archive.policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } }
    error_message = "Plaintext requests must be refused."
  }
}

run "least_privilege" {
  assert {
    condition     = flatten(jsondecode(output.writer_policy).Statement[*].Action) == ["s3:PutObject", "s3:AbortMultipartUpload"]
    error_message = "The writer must only have permission to put objects."
  }

  assert {
    condition     = flatten(jsondecode(output.writer_policy).Statement[*].Resource) == ["arn:aws:s3:::example-telemetry/traces/*", "arn:aws:s3:::example-telemetry/logs/*"]
    error_message = "The writer must only reach the archive's two folders."
  }
}

run "own_key" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/archive"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.archive.rule).apply_server_side_encryption_by_default) == { sse_algorithm = "aws:kms", kms_master_key_id = "arn:aws:kms:us-east-1:123456789012:key/archive" }
    error_message = "Objects must be encrypted with the key."
  }

  assert {
    condition     = jsondecode(output.writer_policy).Statement[1] == { Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = ["arn:aws:kms:us-east-1:123456789012:key/archive"] }
    error_message = "The writer must only have permission for this key."
  }
}

run "deleted_before_it_is_cold" {
  command = plan

  variables {
    delete_after_days = 30
  }

  expect_failures = [var.cold_after_days]
}
