# A role for each kind of Collector that uses AWS, with only the permissions that it needs.

locals {
  exports = var.telepod.collect ? var.telepod.export.signals : []
  exporter = concat(
    # X-Ray has no resources to name: its actions only accept "*".
    contains(local.exports, "traces") ? [{
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutSpans", "xray:PutSpansForIndexing"]
      Resource = ["*"]
    }] : [],
    contains(local.exports, "logs") ? [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.applications["logs"].arn}:*"]
    }] : [],
  )

  roles = merge(
    length(local.exporter) == 0 ? {} : {
      regional = { account = "telepod-collector", policy = jsonencode({ Version = "2012-10-17", Statement = local.exporter }) }
    },
    var.site == null || var.archive == null ? {} : {
      central = { account = "telepod-central", policy = module.archive["archive"].writer_policy }
    },
  )

  issuer     = trimprefix(local.cluster.issuer, "https://")
  federation = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${local.issuer}"

  # A role trusts one ServiceAccount of this cluster.
  trust = {
    for name, role in local.roles : name => var.identity == "irsa" ? {
      Effect    = "Allow"
      Action    = ["sts:AssumeRoleWithWebIdentity"]
      Principal = { Federated = local.federation }
      Condition = {
        StringEquals = {
          "${local.issuer}:sub" = "system:serviceaccount:${var.telepod.namespace}:${role.account}"
          "${local.issuer}:aud" = "sts.amazonaws.com"
        }
      }
      } : {
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
      Condition = {
        StringEquals = {
          "aws:RequestTag/kubernetes-namespace"       = var.telepod.namespace
          "aws:RequestTag/kubernetes-service-account" = role.account
          "aws:RequestTag/eks-cluster-arn"            = local.cluster.arn
        }
      }
    }
  }
}

resource "aws_iam_role" "collector" {
  for_each = local.roles

  name_prefix        = "${substr(var.cluster.name, 0, 25)}-${each.key}-"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [local.trust[each.key]] })
  tags               = var.tags
}

resource "aws_iam_role_policy" "collector" {
  for_each = local.roles

  name   = "telepod"
  role   = aws_iam_role.collector[each.key].id
  policy = each.value.policy
}

resource "aws_eks_pod_identity_association" "collector" {
  for_each = var.identity == "pod-identity" ? local.roles : {}

  cluster_name    = local.cluster.name
  namespace       = var.telepod.namespace
  service_account = each.value.account
  role_arn        = aws_iam_role.collector[each.key].arn
  tags            = var.tags
}

# If your cluster has roles for ServiceAccounts, this provider already exists.
resource "aws_iam_openid_connect_provider" "cluster" {
  for_each = var.identity == "irsa" ? local.created : {}

  url            = local.cluster.issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

# Created here and not by the Collector, which would keep logs forever.
resource "aws_cloudwatch_log_group" "applications" {
  for_each = contains(local.exports, "logs") ? toset(["logs"]) : []

  name              = var.telepod.export.log_group
  retention_in_days = 30
  tags              = var.tags
}
