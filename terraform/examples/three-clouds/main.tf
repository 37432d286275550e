# An estate of three clusters that all run applications: the primary site is on EKS in us-east-1, the
# backup on GKE in europe-west1, and AKS in eastasia sends to them.

locals {
  # Common to all clusters, except for tls.
  estate = {
    primary     = var.names.primary
    backup      = var.names.backup
    environment = "production"
    image       = var.image
  }

  site = {
    regions           = ["aws/us-east-1", "gcp/europe-west1", "azure/eastasia"]
    replicas          = 3
    traces_per_second = 5000
    jaeger            = "jaeger-collector.tracing:4317"
    prometheus        = "http://prometheus.monitoring:9090/api/v1/write"
    storage           = { gigabytes = 100 }
    exposure          = "public"
    source_ranges     = var.source_ranges
  }

  # The authorities of all three clusters, each the first of its chain. Leave one out to revoke its cluster.
  clients = [for chain in values(var.certificate_chains) : regex("(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", chain)]
}

# One root for three clusters: each signs with its own authority, which the root restricts. The sites accept these
# authorities.

module "aws_authority" {
  source    = "../../authority"
  providers = { helm = helm.aws, kubernetes = kubernetes.aws }

  root_certificate   = var.root_certificate
  certificate_chain  = var.certificate_chains.aws
  private_key        = var.private_keys.aws
  client_authorities = local.clients
}

module "gcp_authority" {
  source    = "../../authority"
  providers = { helm = helm.gcp, kubernetes = kubernetes.gcp }

  root_certificate   = var.root_certificate
  certificate_chain  = var.certificate_chains.gcp
  private_key        = var.private_keys.gcp
  client_authorities = local.clients
}

module "azure_authority" {
  source    = "../../authority"
  providers = { helm = helm.azure, kubernetes = kubernetes.azure }

  root_certificate  = var.root_certificate
  certificate_chain = var.certificate_chains.azure
  private_key       = var.private_keys.azure
}

module "aws" {
  source    = "../../aws"
  providers = { aws = aws, helm = helm.aws, kubernetes = kubernetes.aws }

  cluster = {
    name                = "prod-use1"
    subnet_ids          = var.aws.subnet_ids
    public_access_cidrs = var.aws.public_access_cidrs
  }
  archive = { bucket = var.aws.archive }
  zone_id = var.aws.zone_id
  site    = merge(local.site, { role = "primary" })
  telepod = merge(local.estate, { tls = module.aws_authority.tls })
}

module "gcp" {
  source    = "../../gcp"
  providers = { google = google, helm = helm.gcp, kubernetes = kubernetes.gcp }

  project  = var.gcp.project
  region   = "europe-west1"
  cluster  = { name = "prod-euw1", network = var.gcp.network, subnetwork = var.gcp.subnetwork }
  dns_zone = var.gcp.dns_zone
  site     = merge(local.site, { role = "backup" })
  telepod  = merge(local.estate, { tls = module.gcp_authority.tls })

  # A separate archive in another region, written with keys in the cluster: see the README.
  archive = {
    bucket             = module.backup_archive.bucket
    region             = "eu-west-1"
    credentials_secret = "telemetry-archive"
  }
}

module "backup_archive" {
  source    = "../../aws/archive"
  providers = { aws = aws.backup }

  bucket = var.aws.backup_archive
}

module "azure" {
  source    = "../../azure"
  providers = { azurerm = azurerm, helm = helm.azure, kubernetes = kubernetes.azure }

  subscription_id = var.azure.subscription_id
  resource_group  = var.azure.resource_group
  location        = "eastasia"
  cluster         = { name = "prod-ea", subnet_id = var.azure.subnet_id, admin_object_ids = var.azure.admin_object_ids }
  telepod         = merge(local.estate, { tls = module.azure_authority.tls })
}
