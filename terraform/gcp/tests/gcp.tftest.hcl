mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = { email = "made@shop.iam.gserviceaccount.com" }
  }

  mock_resource "google_container_cluster" {
    defaults = {
      endpoint    = "192.0.2.1"
      master_auth = { cluster_ca_certificate = "Y2E=" }
    }
  }

  mock_data "google_container_cluster" {
    defaults = {
      endpoint    = "192.0.2.2"
      master_auth = [{ cluster_ca_certificate = "Y2E=", client_certificate = "", client_key = "", client_certificate_config = [] }]
    }
  }
}
mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  project = "shop-prod"
  region  = "europe-west1"
  cluster = { name = "prod-euw1", network = "shop", subnetwork = "shop-euw1" }
  telepod = {
    primary = "us.example.com:4318"
    backup  = "eu.example.com:4318"
    tls     = { issuer = "telemetry", ca_config_map = "telemetry-ca" }
  }
}

run "new_cluster" {
  assert {
    condition     = google_container_node_pool.this["cluster"].autoscaling[0].total_min_node_count == 2 && google_container_node_pool.this["cluster"].autoscaling[0].total_max_node_count == 5
    error_message = "The node pool must have between two and five nodes in all zones together."
  }

  assert {
    condition     = google_container_node_pool.this["cluster"].initial_node_count * var.nodes.zones == 3
    error_message = "The node pool must start with three nodes."
  }

  assert {
    condition     = google_container_cluster.this["cluster"].workload_identity_config[0].workload_pool == "shop-prod.svc.id.goog" && google_container_node_pool.this["cluster"].node_config[0].workload_metadata_config[0].mode == "GKE_METADATA"
    error_message = "Pods must have their own identities, not their node's."
  }

  assert {
    condition     = google_container_cluster.this["cluster"].private_cluster_config[0].enable_private_nodes && google_project_iam_member.nodes["cluster"].role == "roles/container.defaultNodeServiceAccount"
    error_message = "Nodes must be private and have the smallest role for nodes."
  }

  assert {
    condition     = length(google_service_account.collector) == 0 && length(module.archive) == 0
    error_message = "Collectors that do not use Google Cloud must have no service account."
  }

  assert {
    condition     = yamldecode(output.values).cloud == { provider = "gcp", region = "europe-west1", account = "shop-prod" }
    error_message = "The chart's values must contain the cluster's cloud, region and account."
  }
}

run "existing_cluster" {
  variables {
    cluster = { name = "prod-euw1", create = false, location = "europe-west1-b" }
  }

  assert {
    condition     = length(google_container_cluster.this) + length(google_container_node_pool.this) + length(google_service_account.nodes) == 0
    error_message = "An existing cluster must not change."
  }

  assert {
    condition     = data.google_container_cluster.this["cluster"].location == "europe-west1-b" && output.cluster == { name = "prod-euw1", endpoint = "https://192.0.2.2", ca_certificate = "ca" }
    error_message = "The output must describe the existing cluster for the providers."
  }
}

run "export_to_the_cloud" {
  variables {
    telepod = {
      primary = "us.example.com:4318"
      tls     = { issuer = "telemetry" }
      export  = { signals = ["traces", "logs"] }
    }
  }

  assert {
    condition     = toset([for m in google_project_iam_member.export : m.role]) == toset(["roles/cloudtrace.agent", "roles/logging.logWriter"])
    error_message = "Each signal must add only the role that it needs."
  }

  assert {
    condition     = google_service_account_iam_member.collector["regional"].member == "serviceAccount:shop-prod.svc.id.goog[telepod/telepod-collector]" && google_service_account_iam_member.collector["regional"].role == "roles/iam.workloadIdentityUser"
    error_message = "Only the chart's regional ServiceAccount may act as the service account."
  }

  assert {
    condition     = yamldecode(output.values).regional.identity == google_service_account.collector["regional"].email
    error_message = "The ServiceAccount must be annotated with the service account."
  }
}

run "site" {
  variables {
    site     = { role = "backup", regions = ["aws/us-east-1", "gcp/europe-west1"], jaeger = "jaeger.tracing:4317" }
    dns_zone = "eu-example-com"
    bucket   = { name = "example-telemetry", gateway = "s3-gateway/gateway" }
    archive  = { bucket = "example-telemetry", region = "europe-west1", endpoint = "http://s3-gateway.s3-gateway:7070", credentials_secret = "telemetry-archive" }
  }

  override_data {
    target = module.release.data.kubernetes_service_v1.site
    values = { status = [{ load_balancer = [{ ingress = [{ ip = "198.51.100.7", hostname = "" }] }] }] }
  }

  assert {
    condition     = google_dns_record_set.site["site"].name == "eu.example.com." && google_dns_record_set.site["site"].rrdatas == tolist(["198.51.100.7"])
    error_message = "The backup's name must point to the site's load balancer."
  }

  assert {
    condition     = google_service_account_iam_member.collector["gateway"].member == "serviceAccount:shop-prod.svc.id.goog[s3-gateway/gateway]" && output.archive_bucket == "example-telemetry"
    error_message = "Only the gateway may write to the bucket."
  }

  assert {
    condition     = yamldecode(output.values).central.archive == { bucket = "example-telemetry", region = "europe-west1", endpoint = "http://s3-gateway.s3-gateway:7070", regions = ["aws/us-east-1", "gcp/europe-west1"] }
    error_message = "The site must archive through the gateway, with a folder for each region."
  }
}

run "one_node" {
  command = plan

  variables {
    nodes = { min = 1 }
  }

  expect_failures = [var.nodes]
}

run "cluster_without_a_network" {
  command = plan

  variables {
    cluster = { name = "prod-euw1" }
  }

  expect_failures = [var.cluster]
}

run "dns_zone_without_a_site" {
  command = plan

  variables {
    dns_zone = "eu-example-com"
  }

  expect_failures = [var.dns_zone]
}
