variable "telepod" {
  description = "What is installed. The estate has in common: primary and backup, the host:port of the central sites; environment; tls, the cert-manager issuer of this cluster, the ConfigMap with the estate's root, and for a site the one with the authorities of the clusters that may send to it. chart is a path or an OCI reference, and the chart beside these modules if it is null. inject and collect turn injection and regional Collectors off; export sends signals to the cloud's own tools too; values are further YAML documents for the chart, which win."
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
  description = "The central site that this cluster hosts; null: none. regions lists every region that sends here, as provider/region, each of which gets a folder in the archive. jaeger is host:port of OTLP over gRPC, prometheus a remote-write URL. annotations are those of its Service, such as the ones that choose a static address."
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
