locals {
  chart = coalesce(var.telepod.chart, "${path.module}/../../charts/telepod")

  # Only values that differ from the chart's defaults, and only for enabled components.
  values = {
    cloud       = var.cloud
    cluster     = { name = var.cluster_name }
    environment = var.telepod.environment
    tls = {
      issuerRef         = { name = var.telepod.tls.issuer, kind = var.telepod.tls.issuer_kind, group = "cert-manager.io" }
      caConfigMap       = var.telepod.tls.ca_config_map
      clientCAConfigMap = var.telepod.tls.client_ca_config_map
    }
    injector = { enabled = var.telepod.inject, image = var.telepod.image }
    regional = {
      enabled  = var.telepod.collect
      identity = var.identities.regional
      cloudExport = {
        signals                = var.telepod.export.signals
        logGroup               = var.telepod.export.log_group
        connectionStringSecret = var.telepod.export.connection_string_secret
      }
    }
    central = merge({ primary = var.telepod.primary, backup = var.telepod.backup }, local.site)
  }

  site = merge([for site in var.site[*] : {
    enabled         = true
    role            = site.role
    replicas        = site.replicas
    tracesPerSecond = site.traces_per_second
    jaeger          = site.jaeger
    prometheus      = site.prometheus
    archive         = local.archive
    storage         = { gigabytes = site.storage.gigabytes, className = site.storage.class_name }
    service         = { exposure = site.exposure, sourceRanges = site.source_ranges, annotations = site.annotations }
    identity        = var.identities.central
    env             = local.credentials
  }]...)

  archive = merge([for archive in var.archive[*] : {
    bucket   = archive.bucket
    region   = archive.region
    endpoint = archive.endpoint
    regions  = try(var.site.regions, [])
  }]...)

  # Keys stay in a Secret of the cluster, not in values or Terraform's state.
  credentials = try(var.archive.credentials_secret, null) == null ? [] : [
    for name, key in { AWS_ACCESS_KEY_ID = "access-key-id", AWS_SECRET_ACCESS_KEY = "secret-access-key" } : {
      name                               = name
      valueFrom                          = { secretKeyRef = { name = var.archive.credentials_secret, key = key } }
    }
  ]
}

resource "helm_release" "telepod" {
  name             = "telepod"
  chart            = local.chart
  namespace        = var.telepod.namespace
  create_namespace = true
  values           = concat([yamlencode(local.values)], var.telepod.values)

  # Wait until the injector serves and the site's load balancer has an address.
  wait    = true
  timeout = 900
}

data "kubernetes_service_v1" "site" {
  count = var.site == null ? 0 : 1

  metadata {
    name      = "telepod-central"
    namespace = helm_release.telepod.namespace
  }

  depends_on = [helm_release.telepod]
}
