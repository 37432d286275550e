mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  cloud        = { provider = "gcp", region = "europe-west1", account = "shop-prod" }
  cluster_name = "prod-euw1"
  telepod = {
    primary = "us.example.com:4318"
    backup  = "eu.example.com:4318"
    tls     = { issuer = "telemetry", ca_config_map = "telemetry-ca" }
  }
}

run "region" {
  assert {
    condition     = yamldecode(output.values).central == { primary = "us.example.com:4318", backup = "eu.example.com:4318" }
    error_message = "A region's cluster must know both sites and host none."
  }

  assert {
    condition     = yamldecode(output.values).cloud == { provider = "gcp", region = "europe-west1", account = "shop-prod" }
    error_message = "The chart's values must contain the cluster's cloud, region and account."
  }

  assert {
    condition     = yamldecode(output.values).tls == { issuerRef = { name = "telemetry", kind = "Issuer", group = "cert-manager.io" }, caConfigMap = "telemetry-ca", clientCAConfigMap = "" }
    error_message = "Certificates must come from the cluster's issuer and be checked against the estate's root."
  }

  assert {
    condition     = length(data.kubernetes_service_v1.site) == 0 && output.site_ip == null && output.site_hostname == null
    error_message = "Without a site, no load balancer may be looked up."
  }

  assert {
    condition     = helm_release.telepod.create_namespace && helm_release.telepod.namespace == "telepod" && helm_release.telepod.wait
    error_message = "Terraform must install the release into its own namespace, and wait for it."
  }
}

# An account number stays a string: the chart's schema refuses a number.
run "account_of_digits" {
  variables {
    cloud = { provider = "aws", region = "us-east-1", account = "012345678901" }
  }

  assert {
    condition     = yamldecode(output.values).cloud.account == "012345678901"
    error_message = "The account must keep its leading zero and remain a string."
  }
}

run "site" {
  variables {
    identities = { central = "writer@shop-prod.iam.gserviceaccount.com" }
    site = {
      role          = "backup"
      regions       = ["aws/us-east-1", "gcp/europe-west1"]
      replicas      = 3
      jaeger        = "jaeger.tracing:4317"
      exposure      = "public"
      source_ranges = ["192.0.2.0/24"]
    }
    archive = { bucket = "example-telemetry", region = "eu-west-1", credentials_secret = "telemetry-archive" }
    telepod = {
      primary = "us.example.com:4318"
      backup  = "eu.example.com:4318"
      tls     = { issuer = "telemetry" }
      values  = ["central: {priorityClassName: high}"]
    }
  }

  override_data {
    target = data.kubernetes_service_v1.site
    values = { status = [{ load_balancer = [{ ingress = [{ ip = "198.51.100.7", hostname = "" }] }] }] }
  }

  assert {
    condition     = yamldecode(output.values).central.role == "backup" && yamldecode(output.values).central.enabled
    error_message = "The site must be enabled, with its role."
  }

  assert {
    condition     = yamldecode(output.values).central.archive.regions == ["aws/us-east-1", "gcp/europe-west1"]
    error_message = "The archive must have the list of regions: each gets its folder."
  }

  assert {
    condition = yamldecode(output.values).central.env == [
      { name = "AWS_ACCESS_KEY_ID", valueFrom = { secretKeyRef = { name = "telemetry-archive", key = "access-key-id" } } },
      { name = "AWS_SECRET_ACCESS_KEY", valueFrom = { secretKeyRef = { name = "telemetry-archive", key = "secret-access-key" } } },
    ]
    error_message = "Keys must come from a Secret of the cluster."
  }

  assert {
    condition     = yamldecode(output.values).central.service == { annotations = {}, exposure = "public", sourceRanges = ["192.0.2.0/24"] }
    error_message = "The Service must have the requested exposure and source ranges."
  }

  assert {
    condition     = output.site_ip == "198.51.100.7" && output.site_hostname == null
    error_message = "The site's address must be that of its load balancer."
  }

  assert {
    condition     = helm_release.telepod.values[1] == "central: {priorityClassName: high}"
    error_message = "Additional values must come last, so that they override the rest."
  }
}

run "unknown_cloud" {
  command = plan

  variables {
    cloud = { provider = "oracle", region = "eu-frankfurt-1" }
  }

  expect_failures = [var.cloud]
}

run "site_with_a_scheme" {
  command = plan

  variables {
    telepod = { primary = "https://us.example.com:4318", tls = { issuer = "telemetry" } }
  }

  expect_failures = [var.telepod]
}

run "unknown_role" {
  command = plan

  variables {
    site = { role = "secondary", regions = ["aws/us-east-1"], jaeger = "jaeger.tracing:4317" }
  }

  expect_failures = [var.site]
}

run "site_without_regions" {
  command = plan

  variables {
    site = { role = "primary", regions = [], jaeger = "jaeger.tracing:4317" }
  }

  expect_failures = [var.site]
}

run "region_without_its_provider" {
  command = plan

  variables {
    site = { role = "primary", regions = ["us-east-1"], jaeger = "jaeger.tracing:4317" }
  }

  expect_failures = [var.site]
}
