provider "aws" {
  region = "us-east-1"
}

# For the backup's archive.
provider "aws" {
  alias  = "backup"
  region = "eu-west-1"
}

provider "google" {
  project = var.gcp.project
  region  = "europe-west1"
}

provider "azurerm" {
  subscription_id     = var.azure.subscription_id
  storage_use_azuread = true

  features {}
}

# The clouds' own logins for the clusters, so that no credentials are in the state.
locals {
  logins = {
    aws   = { command = "aws", args = ["eks", "get-token", "--region", "us-east-1", "--cluster-name", module.aws.cluster.name] }
    gcp   = { command = "gke-gcloud-auth-plugin", args = [] }
    azure = { command = "kubelogin", args = ["get-token", "--login", "azurecli", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"] }
  }
}

provider "helm" {
  alias = "aws"

  kubernetes = {
    host                   = module.aws.cluster.endpoint
    cluster_ca_certificate = module.aws.cluster.ca_certificate
    exec                   = merge(local.logins.aws, { api_version = "client.authentication.k8s.io/v1beta1" })
  }
}

provider "kubernetes" {
  alias = "aws"

  host                   = module.aws.cluster.endpoint
  cluster_ca_certificate = module.aws.cluster.ca_certificate

  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = local.logins.aws.command
    args        = local.logins.aws.args
  }
}

provider "helm" {
  alias = "gcp"

  kubernetes = {
    host                   = module.gcp.cluster.endpoint
    cluster_ca_certificate = module.gcp.cluster.ca_certificate
    exec                   = merge(local.logins.gcp, { api_version = "client.authentication.k8s.io/v1beta1" })
  }
}

provider "kubernetes" {
  alias = "gcp"

  host                   = module.gcp.cluster.endpoint
  cluster_ca_certificate = module.gcp.cluster.ca_certificate

  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = local.logins.gcp.command
    args        = local.logins.gcp.args
  }
}

provider "helm" {
  alias = "azure"

  kubernetes = {
    host                   = module.azure.cluster.endpoint
    cluster_ca_certificate = module.azure.cluster.ca_certificate
    exec                   = merge(local.logins.azure, { api_version = "client.authentication.k8s.io/v1beta1" })
  }
}

provider "kubernetes" {
  alias = "azure"

  host                   = module.azure.cluster.endpoint
  cluster_ca_certificate = module.azure.cluster.ca_certificate

  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = local.logins.azure.command
    args        = local.logins.azure.args
  }
}
