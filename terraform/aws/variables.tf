variable "cluster" {
  description = "The EKS cluster. It is created, in your subnets in at least two zones, unless create is false: then the existing cluster of that name is used. public_access_cidrs opens its API server to these ranges; empty keeps it private."
  type = object({
    name                = string
    create              = optional(bool, true)
    version             = optional(string)
    subnet_ids          = optional(list(string), [])
    public_access_cidrs = optional(list(string), [])
  })

  validation {
    condition     = !var.cluster.create || length(var.cluster.subnet_ids) >= 2
    error_message = "cluster.subnet_ids must list at least two subnets, in different zones, for a new cluster."
  }
}

variable "nodes" {
  description = "The node group of a new cluster."
  type = object({
    min            = optional(number, 2)
    desired        = optional(number, 3)
    max            = optional(number, 5)
    instance_types = optional(list(string), ["m7i.large"])
    disk_gigabytes = optional(number, 50)
  })
  default = {}

  # With one node, a site is down whenever its node is replaced.
  validation {
    condition     = 2 <= var.nodes.min && var.nodes.min <= var.nodes.desired && var.nodes.desired <= var.nodes.max
    error_message = "nodes must satisfy 2 <= min <= desired <= max."
  }
}

variable "identity" {
  description = "How Collectors get their roles: pod-identity (your own cluster needs the agent; a new one has it) or irsa."
  type        = string
  default     = "pod-identity"

  validation {
    condition     = contains(["pod-identity", "irsa"], var.identity)
    error_message = "identity must be pod-identity or irsa."
  }
}

variable "archive" {
  description = "The site's S3 bucket for all traces and logs, with its lifecycle; null for none. The module archive describes the fields."
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
  description = "Route 53 zone for the site's name; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || var.site != null
    error_message = "zone_id is for the name of a site, but there is no site: set site, or remove zone_id."
  }
}

variable "tags" {
  description = "Tags for all resources."
  type        = map(string)
  default     = {}
}
