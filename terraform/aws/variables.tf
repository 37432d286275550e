variable "cluster" {
  description = "The EKS cluster. It is made, in subnets of yours in two zones at least, unless create is false: then the cluster of that name is used. public_access_cidrs opens its API server to these ranges; empty leaves it private."
  type = object({
    name                = string
    create              = optional(bool, true)
    version             = optional(string)
    subnet_ids          = optional(list(string), [])
    public_access_cidrs = optional(list(string), [])
  })

  validation {
    condition     = !var.cluster.create || length(var.cluster.subnet_ids) >= 2
    error_message = "cluster.subnet_ids lists two subnets at least, in different zones, for a cluster that is to be made."
  }
}

variable "nodes" {
  description = "The node group of a cluster that is made."
  type = object({
    min            = optional(number, 2)
    desired        = optional(number, 3)
    max            = optional(number, 5)
    instance_types = optional(list(string), ["m7i.large"])
    disk_gigabytes = optional(number, 50)
  })
  default = {}

  # With one node a site is away whenever its node is replaced.
  validation {
    condition     = 2 <= var.nodes.min && var.nodes.min <= var.nodes.desired && var.nodes.desired <= var.nodes.max
    error_message = "nodes: 2 <= min <= desired <= max."
  }
}

variable "identity" {
  description = "How Collectors get their roles: pod-identity (the agent has to run; it does on a cluster that is made) or irsa."
  type        = string
  default     = "pod-identity"

  validation {
    condition     = contains(["pod-identity", "irsa"], var.identity)
    error_message = "identity is pod-identity or irsa."
  }
}

variable "archive" {
  description = "The site's S3 bucket for all traces and logs, with its lifecycle; null: none. See the module archive for what the fields mean."
  type = object({
    bucket             = string
    cold_after_days    = optional(number, 30)
    delete_after_days  = optional(number, 90)
    cold_storage_class = optional(string, "GLACIER_IR")
    kms_key_arn        = optional(string)
  })
  default = null
}

variable "zone_id" {
  description = "Route 53 zone to put the site's name into; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || var.site != null
    error_message = "zone_id is for the name of a site, and there is none: set site, or leave zone_id out."
  }
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
