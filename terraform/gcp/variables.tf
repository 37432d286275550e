variable "project" {
  description = "Project of everything."
  type        = string
}

variable "region" {
  description = "Region of the cluster, such as europe-west1."
  type        = string
}

variable "cluster" {
  description = "The GKE cluster. It is made, regional, with private nodes in a subnetwork of yours, unless create is false: then the cluster of that name is used, in location if that is not the region. authorized_ranges may call its API server, by names of yours; empty leaves that to identities alone."
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
    error_message = "cluster.network and cluster.subnetwork are needed for a cluster that is to be made."
  }
}

variable "nodes" {
  description = "The node pool of a cluster that is made: its nodes in all zones together."
  type = object({
    min            = optional(number, 2)
    desired        = optional(number, 3)
    max            = optional(number, 5)
    zones          = optional(number, 3)
    machine_type   = optional(string, "e2-standard-2")
    disk_gigabytes = optional(number, 50)
  })
  default = {}

  # With one node a site is away whenever its node is replaced.
  validation {
    condition     = 2 <= var.nodes.min && var.nodes.min <= var.nodes.desired && var.nodes.desired <= var.nodes.max
    error_message = "nodes: 2 <= min <= desired <= max."
  }
}

variable "bucket" {
  description = "A Cloud Storage bucket with the archive's lifecycle; null: none. The Collector's exporter cannot write to it by itself, see the README: gateway names the ServiceAccount, as namespace/name, of what writes for it. See the module archive for what the other fields mean."
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
  description = "What the site writes all traces and logs to by the S3 protocol; null: nothing. credentials_secret names a Secret in the release's namespace with the keys access-key-id and secret-access-key; endpoint is for another service than S3."
  type = object({
    bucket             = string
    region             = string
    endpoint           = optional(string, "")
    credentials_secret = optional(string)
  })
  default = null
}

variable "dns_zone" {
  description = "Cloud DNS zone, by its resource's name, to put the site's name into; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.dns_zone == null || var.site != null
    error_message = "dns_zone is for the name of a site, and there is none: set site, or leave dns_zone out."
  }
}

variable "labels" {
  description = "Labels of everything that has some."
  type        = map(string)
  default     = {}
}
