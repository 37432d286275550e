variable "project" {
  description = "Project for all resources."
  type        = string
}

variable "region" {
  description = "Region of the cluster, such as europe-west1."
  type        = string
}

variable "cluster" {
  description = "The GKE cluster. A regional one is created, with private nodes in your subnetwork, unless create is false: then the existing cluster of that name is used, in location if that is not the region. authorized_ranges may call its API server, by names that you choose; empty allows all addresses, and only identities protect it."
  type = object({
    name                = string
    create              = optional(bool, true)
    location            = optional(string)
    network             = optional(string)
    subnetwork          = optional(string)
    pods_range          = optional(string)
    services_range      = optional(string)
    authorized_ranges   = optional(map(string), {})
    release_channel     = optional(string, "REGULAR")
    deletion_protection = optional(bool, true)
  })

  validation {
    condition     = !var.cluster.create || (var.cluster.network != null && var.cluster.subnetwork != null)
    error_message = "cluster.network and cluster.subnetwork are required for a new cluster."
  }
}

variable "nodes" {
  description = "The node pool of a new cluster; numbers count the nodes of all zones."
  type = object({
    min            = optional(number, 2)
    desired        = optional(number, 3)
    max            = optional(number, 5)
    zones          = optional(number, 3)
    machine_type   = optional(string, "e2-standard-2")
    disk_gigabytes = optional(number, 50)
  })
  default = {}

  # With one node, a site is down whenever its node is replaced.
  validation {
    condition     = 2 <= var.nodes.min && var.nodes.min <= var.nodes.desired && var.nodes.desired <= var.nodes.max
    error_message = "nodes must satisfy 2 <= min <= desired <= max."
  }
}

variable "bucket" {
  description = "A Cloud Storage bucket with the archive's lifecycle; null for none. The Collector's exporter cannot write to it directly (see the README): gateway names the ServiceAccount, as namespace/name, of the gateway that writes for it. The module archive describes the other fields."
  type = object({
    name               = string
    gateway            = string
    cold_after_days    = optional(number, 30)
    delete_after_days  = optional(number, 90)
    cold_storage_class = optional(string, "COLDLINE")
    kms_key            = optional(string)
  })
  default = null
}

variable "archive" {
  description = "The bucket to which the site writes all traces and logs with the S3 protocol; null for none. credentials_secret names a Secret in the release's namespace with the keys access-key-id and secret-access-key; endpoint is the URL of a service other than S3."
  type = object({
    bucket             = string
    region             = string
    endpoint           = optional(string, "")
    credentials_secret = optional(string)
  })
  default = null
}

variable "dns_zone" {
  description = "Cloud DNS zone for the site's name, by its resource name; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.dns_zone == null || var.site != null
    error_message = "dns_zone is for the name of a site, but there is no site: set site, or remove dns_zone."
  }
}

variable "labels" {
  description = "Labels for all resources that support them."
  type        = map(string)
  default     = {}
}
