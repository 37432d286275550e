output "tls" {
  description = "Pass it to telepod.tls of this cluster's module, which then waits for the issuer."
  value = {
    issuer               = var.issuer
    issuer_kind          = "Issuer"
    ca_config_map        = kubernetes_config_map_v1.root.metadata[0].name
    client_ca_config_map = join("", kubernetes_config_map_v1.regions[*].metadata[0].name)
  }

  depends_on = [helm_release.issuer]
}
