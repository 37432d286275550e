variable "telepod" {
  description = "What to install. primary and backup are host:port of the central sites, and environment is the deployment environment: the same in the whole estate. tls names the cert-manager issuer of this cluster, the ConfigMap with the estate's root, and for a site the ConfigMap with the authorities of the clusters that may send to it. chart is a path or an OCI reference; null means the chart next to these modules. inject and collect enable injection and regional Collectors; export also sends signals to the cloud's own tools; values are additional YAML documents for the chart, which override the rest."
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
}

variable "site" {
  description = "The central site that this cluster hosts; null for none. regions lists every region that sends to it, as provider/region; each gets a folder in the archive. jaeger is host:port of an OTLP gRPC endpoint, prometheus a remote-write URL. annotations are set on its Service, for example to choose a static address."
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
}
