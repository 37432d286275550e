# A cluster that runs applications and hosts no site.

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

  mock_data "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:us-east-1:123456789012:cluster/prod-use1"
      endpoint              = "https://found.example.com"
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
  telepod = {
    primary = "us.example.com:4318"
    backup  = "eu.example.com:4318"
    tls     = { issuer = "telemetry", ca_config_map = "telemetry-ca" }
  }
}

run "new_cluster" {
  assert {
    condition     = aws_eks_node_group.this["cluster"].scaling_config[0] == { min_size = 2, desired_size = 3, max_size = 5 }
    error_message = "The node group must start with three nodes, between two and five."
  }

  assert {
    condition     = aws_launch_template.nodes["cluster"].metadata_options[0].http_put_response_hop_limit == 2 && aws_launch_template.nodes["cluster"].metadata_options[0].http_tokens == "required"
    error_message = "Pods must reach the node's metadata, only with tokens."
  }

  assert {
    condition     = !aws_eks_cluster.this["cluster"].vpc_config[0].endpoint_public_access && aws_eks_cluster.this["cluster"].vpc_config[0].endpoint_private_access
    error_message = "The API server must be private unless ranges are set."
  }

  assert {
    condition     = length(aws_iam_role.collector) == 0 && length(aws_eks_addon.volumes) == 0 && length(module.archive) == 0 && length(kubernetes_labels.readiness) == 0
    error_message = "Collectors that do not use AWS must have no role. Without a site there must be no archive, and no pod may wait for a load balancer."
  }

  assert {
    condition     = yamldecode(output.values).cloud == { provider = "aws", region = "us-east-1", account = "123456789012" }
    error_message = "The chart's values must contain the cluster's cloud, region and account."
  }
}

run "existing_cluster" {
  variables {
    cluster = { name = "prod-use1", create = false }
  }

  assert {
    condition     = length(aws_eks_cluster.this) + length(aws_eks_node_group.this) + length(aws_eks_addon.pod_identity) + length(aws_iam_role.nodes) == 0
    error_message = "An existing cluster must not change."
  }

  assert {
    condition     = output.cluster == { name = "prod-use1", endpoint = "https://found.example.com", ca_certificate = "ca" }
    error_message = "The output must describe the existing cluster for the providers."
  }
}

run "export_to_the_cloud" {
  variables {
    telepod = {
      primary = "us.example.com:4318"
      tls     = { issuer = "telemetry" }
      export  = { signals = ["traces", "logs"], log_group = "/telepod/prod-use1" }
    }
  }

  assert {
    condition     = alltrue([for a in flatten(jsondecode(aws_iam_role_policy.collector["regional"].policy).Statement[*].Action) : !strcontains(a, "*")])
    error_message = "A policy must not allow actions with wildcards."
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_iam_role_policy.collector["regional"].policy).Statement : !contains(s.Resource, "*") || alltrue([for a in s.Action : startswith(a, "xray:")])])
    error_message = "A policy must not allow all resources, except for X-Ray, which has none to name."
  }

  assert {
    condition     = aws_eks_pod_identity_association.collector["regional"].service_account == "telepod-collector" && aws_eks_pod_identity_association.collector["regional"].namespace == "telepod"
    error_message = "The role must be for the chart's regional ServiceAccount."
  }

  assert {
    condition     = yamldecode(output.values).regional.cloudExport.logGroup == "/telepod/prod-use1" && aws_cloudwatch_log_group.applications["logs"].retention_in_days == 30
    error_message = "The log group must exist and expire its logs."
  }
}

run "one_node" {
  command = plan

  variables {
    nodes = { min = 1 }
  }

  expect_failures = [var.nodes]
}

run "more_nodes_than_the_maximum" {
  command = plan

  variables {
    nodes = { desired = 6 }
  }

  expect_failures = [var.nodes]
}

run "cluster_in_one_zone" {
  command = plan

  variables {
    cluster = { name = "prod-use1", subnet_ids = ["subnet-a"] }
  }

  expect_failures = [var.cluster]
}
