variable "names" {
  description = "host:port of the two sites. The backup's name is in a zone of the backup's own cloud, so that it still resolves when the primary's cloud does not."
  type = object({
    primary = string
    backup  = string
  })
  default = {
    primary = "telemetry.us.example.com:4318"
    backup  = "telemetry.eu.example.com:4318"
  }
}

variable "image" {
  description = "Telepod's injector image in your registry."
  type = object({
    repository = string
    tag        = string
  })
}

variable "source_ranges" {
  description = "Source addresses of the regions' traffic: those of their NAT gateways. No others may connect to a site."
  type        = list(string)

  validation {
    condition     = length(var.source_ranges) > 0
    error_message = "source_ranges must list the regions' NAT addresses: an empty list would let every address connect."
  }
}

variable "root_certificate" {
  description = "The estate's root, as PEM."
  type        = string
}

variable "certificate_chains" {
  description = "Each cluster's authority followed by the root, as PEM."
  type = object({
    aws   = string
    gcp   = string
    azure = string
  })
}

variable "private_keys" {
  description = "Keys of the clusters' authorities, as PEM; they go into the clusters, but not into the state."
  type = object({
    aws   = string
    gcp   = string
    azure = string
  })
  ephemeral = true
}

variable "aws" {
  description = "Subnets of the cluster in us-east-1, in at least two zones; ranges that may call its API server; the Route 53 zone of the primary's name; the names of both archives."
  type = object({
    subnet_ids          = list(string)
    public_access_cidrs = list(string)
    zone_id             = string
    archive             = string
    backup_archive      = string
  })
}

variable "gcp" {
  description = "Project, network and Cloud DNS zone of the cluster in europe-west1."
  type = object({
    project    = string
    network    = string
    subnetwork = string
    dns_zone   = string
  })
}

variable "azure" {
  description = "Subscription, resource group and subnet of the cluster in eastasia, and who administers it."
  type = object({
    subscription_id  = string
    resource_group   = string
    subnet_id        = string
    admin_object_ids = map(string)
  })
}
