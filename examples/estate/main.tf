# Terraform: one release for one cluster, with the values that `telepod estate render -o values/` has written.
resource "helm_release" "telepod" {
  name             = "telepod"
  namespace        = "telepod"
  create_namespace = true
  repository       = "oci://ghcr.io/telepod/charts"
  chart            = "telepod"
  version          = "0.1.0"
  values           = [file("${path.module}/values/prod-use1.yaml")]
  wait             = true
}
