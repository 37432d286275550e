mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  root_certificate  = "-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"
  certificate_chain = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"
  private_key       = "-----BEGIN EC PRIVATE KEY-----\nkey\n-----END EC PRIVATE KEY-----\n"
}

run "authority" {
  assert {
    condition     = output.tls == { issuer = "telemetry", issuer_kind = "Issuer", ca_config_map = "telemetry-ca", client_ca_config_map = "" }
    error_message = "The output must name the issuer and the root for the chart."
  }

  assert {
    condition     = kubernetes_secret_v1.authority.data_wo == null && kubernetes_secret_v1.authority.data_wo_revision == 1
    error_message = "The key must not be in the state."
  }

  assert {
    condition     = kubernetes_secret_v1.authority.metadata[0].namespace == "telepod" && helm_release.issuer.namespace == "telepod" && kubernetes_secret_v1.authority.type == "kubernetes.io/tls"
    error_message = "The issuer and its Secret must be in Telepod's namespace, out of the reach of others."
  }

  assert {
    condition     = yamldecode(helm_release.issuer.values[0]) == { issuer = "telemetry", secret = "telemetry-authority" }
    error_message = "The issuer must sign with the Secret."
  }

  assert {
    condition     = kubernetes_config_map_v1.root.data["ca.crt"] == var.root_certificate && kubernetes_config_map_v1.root.metadata[0].namespace == "telepod"
    error_message = "Telepod's namespace must contain the estate's root."
  }

  assert {
    condition     = length(kubernetes_config_map_v1.regions) == 0
    error_message = "A cluster without a site must accept no clients."
  }
}

run "site" {
  variables {
    client_authorities = ["-----BEGIN CERTIFICATE-----\na\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nb\n-----END CERTIFICATE-----\n"]
  }

  assert {
    condition     = output.tls.client_ca_config_map == "telemetry-regions" && kubernetes_config_map_v1.regions[0].metadata[0].namespace == "telepod"
    error_message = "The output must name the authorities of the site's clients."
  }

  assert {
    condition     = kubernetes_config_map_v1.regions[0].data["ca.crt"] == join("\n", [for name in ["a", "b"] : "-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----"])
    error_message = "The bundle must contain one certificate after the other."
  }
}

run "root_among_the_clients" {
  command = plan

  variables {
    client_authorities = ["-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"]
  }

  expect_failures = [var.client_authorities]
}

run "existing_cert_manager" {
  variables {
    cert_manager = { install = false, namespace = "certificates" }
  }

  assert {
    condition     = length(helm_release.cert_manager) == 0
    error_message = "The cluster's own cert-manager must be used."
  }
}

run "chain_without_the_root" {
  command = plan

  variables {
    certificate_chain = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n"
  }

  expect_failures = [var.certificate_chain]
}
