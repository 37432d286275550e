variable "cloud" {
  description = "Where the cluster runs: provider (aws, gcp, azure), region, and the account, project or subscription."
  type = object({
    provider = string
    region   = string
    account  = optional(string, "")
  })

  validation {
    condition     = contains(["aws", "gcp", "azure"], var.cloud.provider)
    error_message = "cloud.provider is one of aws, gcp and azure."
  }
}

variable "cluster_name" {
  description = "The cluster's name in the whole estate."
  type        = string
}

variable "identities" {
  description = "What the chart's ServiceAccounts are annotated with: a role's ARN, a service account's e-mail or a client id. Empty for EKS Pod Identity, or none."
  type = object({
    regional = optional(string, "")
    central  = optional(string, "")
  })
  default = {}
}

variable "archive" {
  description = "The S3 bucket that the site writes all traces and logs to. credentials_secret names a Secret with the keys access-key-id and secret-access-key, where the site has no identity that the bucket knows."
  type = object({
    bucket             = string
    region             = string
    endpoint           = optional(string, "")
    credentials_secret = optional(string)
  })
  default = null
}

variable "telepod" {
  description = "What every cluster of the estate has in common; see the README of the cloud's module."
  type = object({
    primary     = string
    backup      = optional(string, "")
    environment = optional(string, "")
    namespace   = optional(string, "telepod")
    chart       = optional(string)
    image = optional(object({
      repository = optional(string, "ghcr.io/telepod/injector")
      tag        = optional(string, "")
    }), {})
    tls = object({
      issuer               = string
      issuer_kind          = optional(string, "Issuer")
      ca_config_map        = optional(string, "")
      client_ca_config_map = optional(string, "")
    })
    inject  = optional(bool, true)
    collect = optional(bool, true)
    export = optional(object({
      signals                  = optional(list(string), [])
      log_group                = optional(string, "/telepod/applications")
      connection_string_secret = optional(string, "")
    }), {})
    values = optional(list(string), [])
  })

  validation {
    condition     = alltrue([for site in compact([var.telepod.primary, var.telepod.backup]) : can(regex("^[^/]+:[0-9]+$", site))])
    error_message = "telepod.primary and telepod.backup are host:port without a scheme, such as central.example.com:4318."
  }
}

variable "site" {
  description = "The central site that this cluster hosts, or null; see the README of the cloud's module."
  type = object({
    role              = string
    regions           = list(string)
    replicas          = optional(number, 1)
    traces_per_second = optional(number, 1000)
    jaeger            = optional(string, "")
    prometheus        = optional(string, "")
    storage = optional(object({
      gigabytes  = optional(number, 50)
      class_name = optional(string, "")
    }), {})
    exposure      = optional(string, "internal")
    source_ranges = optional(list(string), [])
    annotations   = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.site == null || try(contains(["primary", "backup"], var.site.role), false)
    error_message = "site.role is primary or backup."
  }
  # Without it the archive's folders are those of whichever region comes first in a batch.
  validation {
    condition     = var.site == null || try(length(var.site.regions) > 0 && alltrue([for r in var.site.regions : can(regex("^(aws|gcp|azure)/[a-z0-9-]+$", r))]), false)
    error_message = "site.regions lists every region that sends here, as provider/region: aws/us-east-1."
  }
  validation {
    condition     = var.site == null || try(contains(["internal", "public"], var.site.exposure), false)
    error_message = "site.exposure is internal or public."
  }
}
