resource "helm_release" "cert_manager" {
  count = var.cert_manager.install ? 1 : 0

  name             = "cert-manager"
  repository       = var.cert_manager.repository
  chart            = "cert-manager"
  version          = var.cert_manager.version
  namespace        = var.cert_manager.namespace
  create_namespace = true
  wait             = true
  values           = [yamlencode({ crds = { enabled = true } })]
}

resource "kubernetes_namespace_v1" "telepod" {
  metadata {
    name = var.namespace
  }
}

# In Telepod's namespace, because a ClusterIssuer would sign for everyone who can edit any namespace.
resource "kubernetes_secret_v1" "authority" {
  metadata {
    name      = "${var.issuer}-authority"
    namespace = kubernetes_namespace_v1.telepod.metadata[0].name
  }

  type = "kubernetes.io/tls"
  data_wo = {
    "tls.crt" = var.certificate_chain
    "tls.key" = var.private_key
  }
  data_wo_revision = var.private_key_revision
}

# A chart with one object, because kubernetes_manifest can only plan if the cluster already has cert-manager's
# types, and a new cluster does not.
resource "helm_release" "issuer" {
  name      = "${var.issuer}-issuer"
  chart     = "${path.module}/chart"
  namespace = kubernetes_namespace_v1.telepod.metadata[0].name
  values    = [yamlencode({ issuer = var.issuer, secret = kubernetes_secret_v1.authority.metadata[0].name })]

  depends_on = [helm_release.cert_manager]
}

resource "kubernetes_config_map_v1" "root" {
  metadata {
    name      = "${var.issuer}-ca"
    namespace = kubernetes_namespace_v1.telepod.metadata[0].name
  }

  data = { "ca.crt" = var.root_certificate }
}

# Removing an authority revokes its cluster: the site's Collectors read the change without a restart.
resource "kubernetes_config_map_v1" "regions" {
  count = length(var.client_authorities) > 0 ? 1 : 0

  metadata {
    name      = "${var.issuer}-regions"
    namespace = kubernetes_namespace_v1.telepod.metadata[0].name
  }

  data = { "ca.crt" = join("\n", [for authority in var.client_authorities : trimspace(authority)]) }
}
