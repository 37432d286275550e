mock_provider "aws" {
  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:us-east-1:123456789012:cluster/prod-use1"
      endpoint              = "https://made.example.com"
      certificate_authority = [{ data = "Y2E=" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC" }] }]
    }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { region = "us-east-1" }
  }
}
mock_provider "aws" {
  alias = "backup"

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}
mock_provider "google" {
  mock_resource "google_container_cluster" {
    defaults = {
      endpoint    = "192.0.2.1"
      master_auth = { cluster_ca_certificate = "Y2E=" }
    }
  }
}
mock_provider "azurerm" {
  mock_resource "azurerm_kubernetes_cluster" {
    defaults = {
      id          = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/telemetry/providers/Microsoft.ContainerService/managedClusters/prod-ea"
      kube_config = [{ host = "https://made.example.com", cluster_ca_certificate = "Y2E=", client_certificate = "", client_key = "", username = "", password = "" }]
    }
  }
}
mock_provider "helm" {
  alias = "aws"
}
mock_provider "helm" {
  alias = "gcp"
}
mock_provider "helm" {
  alias = "azure"
}
mock_provider "kubernetes" {
  alias = "aws"
}
mock_provider "kubernetes" {
  alias = "gcp"
}
mock_provider "kubernetes" {
  alias = "azure"
}

override_data {
  target = module.aws.module.release.data.kubernetes_service_v1.site
  values = { status = [{ load_balancer = [{ ingress = [{ ip = "", hostname = "nlb.example.com" }] }] }] }
}

override_data {
  target = module.gcp.module.release.data.kubernetes_service_v1.site
  values = { status = [{ load_balancer = [{ ingress = [{ ip = "198.51.100.7", hostname = "" }] }] }] }
}

variables {
  image            = { repository = "registry.example.com/telepod", tag = "1.0.0" }
  source_ranges    = ["192.0.2.0/24"]
  root_certificate = "-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"
  certificate_chains = {
    aws   = "-----BEGIN CERTIFICATE-----\naws\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"
    gcp   = "-----BEGIN CERTIFICATE-----\ngcp\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"
    azure = "-----BEGIN CERTIFICATE-----\nazure\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"
  }
  private_keys = { aws = "key", gcp = "key", azure = "key" }
  aws = {
    subnet_ids          = ["subnet-a", "subnet-b"]
    public_access_cidrs = ["192.0.2.1/32"]
    zone_id             = "Z123"
    archive             = "example-telemetry-us"
    backup_archive      = "example-telemetry-eu"
  }
  gcp = { project = "shop-prod", network = "shop", subnetwork = "shop-euw1", dns_zone = "eu-example-com" }
  azure = {
    subscription_id  = "00000000-0000-0000-0000-000000000001"
    resource_group   = "telemetry"
    subnet_id        = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/shop/subnets/nodes"
    admin_object_ids = { terraform = "00000000-0000-0000-0000-000000000003" }
  }
}

run "estate" {
  assert {
    condition = toset([for values in [module.aws.values, module.gcp.values, module.azure.values] : "${yamldecode(values).central.primary} ${yamldecode(values).central.backup}"]) == toset([
      "telemetry.us.example.com:4318 telemetry.eu.example.com:4318",
    ])
    error_message = "All clusters must have the same two sites."
  }

  assert {
    condition     = [for values in [module.aws.values, module.gcp.values, module.azure.values] : try(yamldecode(values).central.role, "none")] == ["primary", "backup", "none"]
    error_message = "AWS must host the primary, Google Cloud the backup, Azure neither."
  }

  assert {
    condition     = alltrue([for values in [module.aws.values, module.gcp.values] : yamldecode(values).central.archive.regions == ["aws/us-east-1", "gcp/europe-west1", "azure/eastasia"]])
    error_message = "Both archives must have a folder for each region."
  }

  assert {
    condition = toset([for values in [module.aws.values, module.gcp.values, module.azure.values] : "${yamldecode(values).cloud.provider}/${yamldecode(values).cloud.region}"]) == toset([
      for region in local.site.regions : region
    ])
    error_message = "The archive's folders must match the clusters' regions."
  }

  assert {
    condition     = yamldecode(module.aws.values).central.archive.bucket != yamldecode(module.gcp.values).central.archive.bucket
    error_message = "The sites must not share a bucket: the backup would depend on the primary's."
  }

  assert {
    condition     = alltrue([for values in [module.aws.values, module.gcp.values, module.azure.values] : yamldecode(values).tls.caConfigMap == "telemetry-ca" && yamldecode(values).tls.issuerRef.name == "telemetry"])
    error_message = "Every cluster must have its own issuer and trust the estate's root."
  }

  assert {
    condition     = [for values in [module.aws.values, module.gcp.values, module.azure.values] : yamldecode(values).tls.clientCAConfigMap] == ["telemetry-regions", "telemetry-regions", ""]
    error_message = "The sites must accept a list of authorities."
  }

  assert {
    condition     = join("", local.clients) == join("", [for name in ["aws", "azure", "gcp"] : "-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----"])
    error_message = "The sites must accept the authorities of all clusters, but not the root."
  }

  assert {
    condition     = alltrue([for values in [module.aws.values, module.gcp.values] : yamldecode(values).central.service == { annotations = {}, exposure = "public", sourceRanges = ["192.0.2.0/24"] }])
    error_message = "The sites must only be open to the regions."
  }

  assert {
    condition     = output.sites == { primary = "nlb.example.com", backup = "198.51.100.7" }
    error_message = "The output must contain the sites' load balancers."
  }
}

run "open_to_everyone" {
  command = plan

  variables {
    source_ranges = []
  }

  expect_failures = [var.source_ranges]
}
