variable "subscription_id" {
  description = "Subscription for all resources; the account in telemetry."
  type        = string
}

variable "resource_group" {
  description = "Existing resource group for all resources."
  type        = string
}

variable "location" {
  description = "Region, such as eastasia."
  type        = string
}

variable "cluster" {
  description = "The AKS cluster. It is created, with nodes in your subnet, unless create is false: then the existing cluster of that name is used; it needs its OIDC issuer and workload identity enabled. admin_object_ids are the people, groups and applications that may administer it, including the identity that runs Terraform. authorized_ranges may call its API server; empty allows all addresses, and only identities protect it. private gives the API server an address only in your network: Terraform has to run there. registry_id is a container registry from which its nodes may pull images."
  type = object({
    name              = string
    create            = optional(bool, true)
    version           = optional(string)
    subnet_id         = optional(string)
    admin_object_ids  = optional(map(string), {})
    authorized_ranges = optional(list(string), [])
    private           = optional(bool, false)
    registry_id       = optional(string)
  })

  validation {
    condition     = !var.cluster.create || (var.cluster.subnet_id != null && length(var.cluster.admin_object_ids) > 0)
    error_message = "cluster.subnet_id and cluster.admin_object_ids are required for a new cluster: without the latter, no one may install anything in it."
  }

  validation {
    condition     = !(var.cluster.private && length(var.cluster.authorized_ranges) > 0)
    error_message = "cluster.authorized_ranges are for a public API server: remove them, or set cluster.private to false."
  }
}

variable "nodes" {
  description = "The node pool of a new cluster."
  type = object({
    min            = optional(number, 2)
    desired        = optional(number, 3)
    max            = optional(number, 5)
    zones          = optional(list(string), ["1", "2", "3"])
    vm_size        = optional(string, "Standard_D2s_v5")
    disk_gigabytes = optional(number, 64)
  })
  default = {}

  # With one node, a site is down whenever its node is replaced.
  validation {
    condition     = 2 <= var.nodes.min && var.nodes.min <= var.nodes.desired && var.nodes.desired <= var.nodes.max
    error_message = "nodes must satisfy 2 <= min <= desired <= max."
  }
}

variable "blobs" {
  description = "A storage account with the archive's lifecycle; null for none. The Collector's exporter cannot write to it directly (see the README): gateway names the ServiceAccount, as namespace/name, of the gateway that writes for it. The module archive describes the other fields."
  type = object({
    storage_account   = string
    gateway           = string
    container         = optional(string, "telemetry")
    cold_after_days   = optional(number, 30)
    delete_after_days = optional(number, 90)
    cold_tier         = optional(string, "cool")
    subnet_ids        = optional(list(string), [])
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
  description = "DNS zone for the site's name, which may be private; null for none."
  type = object({
    name           = string
    resource_group = string
    private        = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.dns_zone == null || var.site != null
    error_message = "dns_zone is for the name of a site, but there is no site: set site, or remove dns_zone."
  }
}

variable "tags" {
  description = "Tags for all resources that support them."
  type        = map(string)
  default     = {}
}
