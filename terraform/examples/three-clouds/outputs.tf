output "sites" {
  description = "The load balancers behind the two names."
  value = {
    primary = module.aws.site_hostname
    backup  = module.gcp.site_ip
  }
}

output "backup_archive_policy" {
  description = "For the IAM user whose keys the Secret telemetry-archive of the backup's cluster holds."
  value       = module.backup_archive.writer_policy
}
