output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.archive.bucket
}

output "arn" {
  description = "ARN of the bucket."
  value       = local.arn
}

output "writer_policy" {
  description = "IAM policy, as JSON, that only allows writing the archive."
  value       = local.writer
}
