# A Google service account for each component that uses Google Cloud, with only the permissions that it needs.

locals {
  # The role that each signal needs to reach the cloud's own tools.
  role_of = {
    traces  = "roles/cloudtrace.agent"
    metrics = "roles/monitoring.metricWriter"
    logs    = "roles/logging.logWriter"
  }
  exports = toset(var.telepod.collect ? var.telepod.export.signals : [])

  # The ServiceAccount that acts as each, as namespace/name.
  accounts = merge(
    length(local.exports) == 0 ? {} : { regional = "${var.telepod.namespace}/telepod-collector" },
    var.bucket == null ? {} : { gateway = var.bucket.gateway },
  )
}

resource "google_service_account" "collector" {
  for_each = local.accounts

  project      = var.project
  account_id   = "${trimsuffix(substr(var.cluster.name, 0, 21), "-")}-${each.key}"
  display_name = "Telepod, ${each.key}, ${var.cluster.name}"
}

resource "google_service_account_iam_member" "collector" {
  for_each = local.accounts

  service_account_id = google_service_account.collector[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${each.value}]"

  # The project's first cluster creates the pool of identities.
  depends_on = [google_container_cluster.this]
}

resource "google_project_iam_member" "export" {
  for_each = local.exports

  project = var.project
  role    = local.role_of[each.value]
  member  = "serviceAccount:${google_service_account.collector["regional"].email}"
}
