# A cluster with a node pool, unless you have one.

locals {
  created = var.cluster.create ? { cluster = var.cluster } : {}
  found   = var.cluster.create ? {} : { cluster = var.cluster }
  cluster = one([for c in concat(values(google_container_cluster.this), values(data.google_container_cluster.this)) : {
    name     = c.name
    endpoint = "https://${c.endpoint}"
    ca       = base64decode(c.master_auth[0].cluster_ca_certificate)
  }])
}

data "google_container_cluster" "this" {
  for_each = local.found

  name     = each.value.name
  project  = var.project
  location = coalesce(each.value.location, var.region)
}

resource "google_container_cluster" "this" {
  for_each = local.created

  name                = each.value.name
  project             = var.project
  location            = coalesce(each.value.location, var.region)
  network             = each.value.network
  subnetwork          = each.value.subnetwork
  deletion_protection = each.value.deletion_protection
  resource_labels     = var.labels

  # Makes the chart's NetworkPolicies take effect.
  datapath_provider = "ADVANCED_DATAPATH"
  # Internal load balancers then reach pods on every node.
  enable_l4_ilb_subsetting = true

  # The pool below replaces the default one.
  remove_default_node_pool = true
  initial_node_count       = 1

  release_channel {
    channel = each.value.release_channel
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = each.value.pods_range
    services_secondary_range_name = each.value.services_range
  }

  private_cluster_config {
    enable_private_nodes = true
  }

  dynamic "master_authorized_networks_config" {
    for_each = length(each.value.authorized_ranges) > 0 ? [each.value.authorized_ranges] : []

    content {
      dynamic "cidr_blocks" {
        for_each = master_authorized_networks_config.value

        content {
          display_name = cidr_blocks.key
          cidr_block   = cidr_blocks.value
        }
      }
    }
  }
}

resource "google_container_node_pool" "this" {
  for_each = local.created

  name     = "telepod"
  project  = var.project
  location = google_container_cluster.this["cluster"].location
  cluster  = google_container_cluster.this["cluster"].name
  # Per zone.
  initial_node_count = ceil(var.nodes.desired / var.nodes.zones)

  autoscaling {
    total_min_node_count = var.nodes.min
    total_max_node_count = var.nodes.max
    location_policy      = "BALANCED"
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  node_config {
    machine_type    = var.nodes.machine_type
    disk_size_gb    = var.nodes.disk_gigabytes
    service_account = google_service_account.nodes["cluster"].email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    labels          = var.labels

    # Pods get their own identity, not their node's.
    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }

  lifecycle {
    # Afterwards, the autoscaler changes it.
    ignore_changes = [initial_node_count]
  }
}

resource "google_service_account" "nodes" {
  for_each = local.created

  project      = var.project
  account_id   = "${trimsuffix(substr(each.value.name, 0, 24), "-")}-nodes"
  display_name = "Nodes of ${each.value.name}"
}

# Images from the project's Artifact Registry.
resource "google_project_iam_member" "images" {
  for_each = local.created

  project = var.project
  role    = "roles/artifactregistry.reader"
  member  = "serviceAccount:${google_service_account.nodes["cluster"].email}"
}

resource "google_project_iam_member" "nodes" {
  for_each = local.created

  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = "serviceAccount:${google_service_account.nodes["cluster"].email}"
}
