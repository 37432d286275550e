output "sites" {
  description = "The load balancers of the two sites."
  value = {
    primary = module.aws.site_hostname
    backup  = module.gcp.site_ip
  }
}

output "backup_archive_policy" {
  description = "Policy for the IAM user whose keys are in the Secret telemetry-archive of the backup's cluster."
  value       = module.backup_archive.writer_policy
}
