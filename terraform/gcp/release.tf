# The bucket, the chart with this cloud's values, and the site's name.

module "archive" {
  source   = "./archive"
  for_each = { for bucket in var.bucket[*] : "archive" => bucket }

  bucket             = each.value.name
  project            = var.project
  location           = var.region
  cold_after_days    = each.value.cold_after_days
  delete_after_days  = each.value.delete_after_days
  cold_storage_class = each.value.cold_storage_class
  kms_key            = each.value.kms_key
  labels             = var.labels
  writers            = { gateway = "serviceAccount:${google_service_account.collector["gateway"].email}" }
}

module "release" {
  source = "../release"

  cloud        = { provider = "gcp", region = var.region, account = var.project }
  cluster_name = var.cluster.name
  identities   = { for name, account in google_service_account.collector : name => account.email if name == "regional" }
  telepod      = var.telepod
  site         = var.site
  archive      = var.archive

  depends_on = [google_container_node_pool.this, google_service_account_iam_member.collector, google_project_iam_member.export]
}

resource "google_dns_record_set" "site" {
  for_each = { for zone in var.dns_zone[*] : "site" => zone }

  project      = var.project
  managed_zone = each.value
  name         = "${split(":", var.site.role == "primary" ? var.telepod.primary : var.telepod.backup)[0]}."
  type         = "A"
  ttl          = 60
  rrdatas      = [module.release.site_ip]
}
