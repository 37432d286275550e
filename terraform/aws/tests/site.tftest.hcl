# A cluster that hosts the primary site and its archive.

mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }

  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:us-east-1:123456789012:cluster/prod-use1"
      endpoint              = "https://made.example.com"
      certificate_authority = [{ data = "Y2E=" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC" }] }]
    }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { region = "us-east-1" }
  }
}
mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  cluster = { name = "prod-use1", subnet_ids = ["subnet-a", "subnet-b"] }
  archive = { bucket = "example-telemetry" }
  zone_id = "Z123"
  site    = { role = "primary", regions = ["aws/us-east-1", "gcp/europe-west1", "azure/eastasia"], replicas = 3, jaeger = "jaeger.tracing:4317" }
  telepod = {
    primary = "us.example.com:4318"
    backup  = "eu.example.com:4318"
    tls     = { issuer = "telemetry", ca_config_map = "telemetry-ca" }
  }
}

override_data {
  target = module.release.data.kubernetes_service_v1.site
  values = { status = [{ load_balancer = [{ ingress = [{ ip = "", hostname = "nlb.example.com" }] }] }] }
}

run "pod_identity" {
  assert {
    condition     = yamldecode(output.values).central.archive == { bucket = "example-telemetry", region = "us-east-1", endpoint = "", regions = ["aws/us-east-1", "gcp/europe-west1", "azure/eastasia"] }
    error_message = "The site must archive into its bucket, with a folder for each region."
  }

  assert {
    condition     = yamldecode(output.values).central.role == "primary" && yamldecode(output.values).central.identity == ""
    error_message = "With Pod Identity, the ServiceAccount must not be annotated with a role."
  }

  assert {
    condition     = aws_eks_pod_identity_association.collector["central"].service_account == "telepod-central"
    error_message = "The role must be for the site's ServiceAccount."
  }

  assert {
    condition = jsondecode(aws_iam_role.collector["central"].assume_role_policy).Statement[0].Condition.StringEquals == {
      "aws:RequestTag/kubernetes-namespace"       = "telepod"
      "aws:RequestTag/kubernetes-service-account" = "telepod-central"
      "aws:RequestTag/eks-cluster-arn"            = "arn:aws:eks:us-east-1:123456789012:cluster/prod-use1"
    }
    error_message = "No other ServiceAccount or cluster may assume the role."
  }

  assert {
    condition     = aws_iam_role_policy.collector["central"].policy == module.archive["archive"].writer_policy && !strcontains(aws_iam_role_policy.collector["central"].policy, "\"*\"")
    error_message = "The site must only have permission to write its archive."
  }

  assert {
    condition     = aws_route53_record.site["site"].name == "us.example.com" && aws_route53_record.site["site"].records == toset(["nlb.example.com"])
    error_message = "The primary's name must point to the site's load balancer."
  }

  # The load balancer's targets are pod addresses, so the readiness gate applies.
  assert {
    condition     = kubernetes_labels.readiness["site"].metadata[0].name == "telepod" && kubernetes_labels.readiness["site"].labels == tomap({ "elbv2.k8s.aws/pod-readiness-gate-inject" = "enabled" })
    error_message = "A rollout must wait until the load balancer sends to each new pod."
  }

  assert {
    condition     = one(aws_eks_addon.volumes["cluster"].pod_identity_association).service_account == "ebs-csi-controller-sa"
    error_message = "The driver for the volumes of the site's queues must have a role."
  }

  assert {
    condition     = jsondecode(aws_iam_role.volumes["cluster"].assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestTag/kubernetes-service-account"] == "ebs-csi-controller-sa"
    error_message = "No other ServiceAccount may create and delete volumes."
  }
}

run "irsa" {
  variables {
    identity = "irsa"
  }

  assert {
    condition = jsondecode(aws_iam_role.collector["central"].assume_role_policy).Statement[0].Condition.StringEquals == {
      "oidc.eks.us-east-1.amazonaws.com/id/ABC:sub" = "system:serviceaccount:telepod:telepod-central"
      "oidc.eks.us-east-1.amazonaws.com/id/ABC:aud" = "sts.amazonaws.com"
    }
    error_message = "No other ServiceAccount may assume the role."
  }

  assert {
    condition     = yamldecode(output.values).central.identity == aws_iam_role.collector["central"].arn && length(aws_eks_pod_identity_association.collector) == 0
    error_message = "With IRSA, the ServiceAccount must be annotated with the role."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.cluster["cluster"].url == "https://oidc.eks.us-east-1.amazonaws.com/id/ABC"
    error_message = "IAM must trust the cluster's issuer."
  }
}

run "backup" {
  variables {
    site = { role = "backup", regions = ["aws/us-east-1"], jaeger = "jaeger.tracing:4317" }
  }

  assert {
    condition     = aws_route53_record.site["site"].name == "eu.example.com" && yamldecode(output.values).central.role == "backup"
    error_message = "The backup site must have the backup's name and role."
  }
}

run "dns_zone_without_a_site" {
  command = plan

  variables {
    site = null
  }

  expect_failures = [var.zone_id]
}
