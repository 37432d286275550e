variable "cloud" {
  description = "Where the cluster runs: provider (aws, gcp, azure), region, and the account, project or subscription."
  type = object({
    provider = string
    region   = string
    account  = optional(string, "")
  })

  validation {
    condition     = contains(["aws", "gcp", "azure"], var.cloud.provider)
    error_message = "cloud.provider must be aws, gcp or azure."
  }
}

variable "cluster_name" {
  description = "The cluster's name, unique in the estate."
  type        = string
}

variable "identities" {
  description = "Cloud identities of the chart's ServiceAccounts: a role's ARN, a service account's e-mail or a client id. Empty for none, and for EKS Pod Identity."
  type = object({
    regional = optional(string, "")
    central  = optional(string, "")
  })
  default = {}
}

variable "archive" {
  description = "The S3 bucket to which the site writes all traces and logs. credentials_secret names a Secret with the keys access-key-id and secret-access-key, for a site without an identity that the bucket accepts."
  type = object({
    bucket             = string
    region             = string
    endpoint           = optional(string, "")
    credentials_secret = optional(string)
  })
  default = null
}

variable "telepod" {
  description = "What to install; see the README of the cloud's module."
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
    error_message = "telepod.primary and telepod.backup must be host:port without a scheme, such as central.example.com:4318."
  }
}

variable "site" {
  description = "The central site that this cluster hosts; null for none. See the README of the cloud's module."
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
    error_message = "site.role must be primary or backup."
  }
  # Without the list, the first region in a batch determines the archive's folder.
  validation {
    condition     = var.site == null || try(length(var.site.regions) > 0 && alltrue([for r in var.site.regions : can(regex("^(aws|gcp|azure)/[a-z0-9-]+$", r))]), false)
    error_message = "site.regions must list every region that sends to the site, as provider/region, such as aws/us-east-1."
  }
  validation {
    condition     = var.site == null || try(contains(["internal", "public"], var.site.exposure), false)
    error_message = "site.exposure must be internal or public."
  }
}
