variable "subscription_id" {
  description = "Subscription of everything: the account that telemetry names."
  type        = string
}

variable "resource_group" {
  description = "Resource group of everything, which exists."
  type        = string
}

variable "location" {
  description = "Region, such as eastasia."
  type        = string
}

variable "cluster" {
  description = "The AKS cluster. It is made, with nodes in a subnet of yours, unless create is false: then the cluster of that name is used; it needs its OIDC issuer and workload identity turned on. admin_object_ids are the people, groups and applications that may administer it, this Terraform's own among them. authorized_ranges may call its API server; empty leaves that to identities alone. private gives the API server an address in your network only: Terraform has to run there. registry_id is a container registry that its nodes may pull images from."
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
    error_message = "cluster.subnet_id and cluster.admin_object_ids are needed for a cluster that is to be made: without the latter no one may install anything in it."
  }

  validation {
    condition     = !(var.cluster.private && length(var.cluster.authorized_ranges) > 0)
    error_message = "cluster.authorized_ranges are for a public API server: leave them out, or set cluster.private to false."
  }
}

variable "nodes" {
  description = "The node pool of a cluster that is made."
  type = object({
    min            = optional(number, 2)
    desired        = optional(number, 3)
    max            = optional(number, 5)
    zones          = optional(list(string), ["1", "2", "3"])
    vm_size        = optional(string, "Standard_D2s_v5")
    disk_gigabytes = optional(number, 64)
  })
  default = {}

  # With one node a site is away whenever its node is replaced.
  validation {
    condition     = 2 <= var.nodes.min && var.nodes.min <= var.nodes.desired && var.nodes.desired <= var.nodes.max
    error_message = "nodes: 2 <= min <= desired <= max."
  }
}

variable "blobs" {
  description = "A storage account with the archive's lifecycle; null: none. The Collector's exporter cannot write to it by itself, see the README: gateway names the ServiceAccount, as namespace/name, of what writes for it. See the module archive for what the other fields mean."
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
  description = "DNS zone (private: of a private zone) to put the site's name into; null: none."
  type = object({
    name           = string
    resource_group = string
    private        = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.dns_zone == null || var.site != null
    error_message = "dns_zone is for the name of a site, and there is none: set site, or leave dns_zone out."
  }
}

variable "tags" {
  description = "Tags of everything that has some."
  type        = map(string)
  default     = {}
}
