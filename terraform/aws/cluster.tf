# A cluster with a node group, unless you have one.

locals {
  created = var.cluster.create ? { cluster = var.cluster } : {}
  found   = var.cluster.create ? {} : { cluster = var.cluster }
  cluster = one([for c in concat(values(aws_eks_cluster.this), values(data.aws_eks_cluster.this)) : {
    name     = c.name
    arn      = c.arn
    endpoint = c.endpoint
    issuer   = c.identity[0].oidc[0].issuer
    ca       = base64decode(c.certificate_authority[0].data)
  }])
  managed = "arn:${data.aws_partition.current.partition}:iam::aws:policy"
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_eks_cluster" "this" {
  for_each = local.found
  name     = each.value.name
}

resource "aws_eks_cluster" "this" {
  for_each = local.created

  name                      = each.value.name
  version                   = each.value.version
  role_arn                  = aws_iam_role.cluster["cluster"].arn
  enabled_cluster_log_types = ["audit", "authenticator"]
  tags                      = var.tags

  vpc_config {
    subnet_ids              = each.value.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = length(each.value.public_access_cidrs) > 0
    public_access_cidrs     = length(each.value.public_access_cidrs) > 0 ? each.value.public_access_cidrs : null
  }

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }

  depends_on = [aws_iam_role_policy_attachment.cluster]
}

resource "aws_iam_role" "cluster" {
  for_each = local.created

  name_prefix = "${substr(each.value.name, 0, 26)}-cluster-"
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole"], Principal = { Service = "eks.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  for_each = local.created

  role       = aws_iam_role.cluster["cluster"].name
  policy_arn = "${local.managed}/AmazonEKSClusterPolicy"
}

resource "aws_eks_node_group" "this" {
  for_each = local.created

  cluster_name    = aws_eks_cluster.this["cluster"].name
  node_group_name = "telepod"
  node_role_arn   = aws_iam_role.nodes["cluster"].arn
  subnet_ids      = each.value.subnet_ids
  instance_types  = var.nodes.instance_types
  tags            = var.tags

  scaling_config {
    min_size     = var.nodes.min
    desired_size = var.nodes.desired
    max_size     = var.nodes.max
  }

  update_config {
    max_unavailable = 1
  }

  launch_template {
    id      = aws_launch_template.nodes["cluster"].id
    version = aws_launch_template.nodes["cluster"].latest_version
  }

  lifecycle {
    # Afterwards, an autoscaler may change it.
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_iam_role_policy_attachment.nodes]
}

resource "aws_launch_template" "nodes" {
  for_each = local.created

  name_prefix = "${each.value.name}-telepod-"
  tags        = var.tags

  # Pods query their node's region and zone, and are one hop further away than the node.
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size = var.nodes.disk_gigabytes
      volume_type = "gp3"
      encrypted   = "true"
    }
  }
}

resource "aws_iam_role" "nodes" {
  for_each = local.created

  name_prefix = "${substr(each.value.name, 0, 28)}-nodes-"
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole"], Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each = var.cluster.create ? toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"]) : []

  role       = aws_iam_role.nodes["cluster"].name
  policy_arn = "${local.managed}/${each.value}"
}

# Makes the network plugin enforce the chart's NetworkPolicies.
resource "aws_eks_addon" "network" {
  for_each = local.created

  cluster_name                = aws_eks_cluster.this["cluster"].name
  addon_name                  = "vpc-cni"
  configuration_values        = jsonencode({ enableNetworkPolicy = "true" })
  resolve_conflicts_on_create = "OVERWRITE"
  tags                        = var.tags
}

# Pod Identity for the Collectors' roles; below it, volumes for a site's queues.
resource "aws_eks_addon" "pod_identity" {
  for_each = local.created

  cluster_name = aws_eks_cluster.this["cluster"].name
  addon_name   = "eks-pod-identity-agent"
  tags         = var.tags

  depends_on = [aws_eks_node_group.this]
}

resource "aws_eks_addon" "volumes" {
  for_each = var.site == null ? {} : local.created

  cluster_name         = aws_eks_cluster.this["cluster"].name
  addon_name           = "aws-ebs-csi-driver"
  configuration_values = jsonencode({ defaultStorageClass = { enabled = true } })
  tags                 = var.tags

  pod_identity_association {
    role_arn        = aws_iam_role.volumes["cluster"].arn
    service_account = "ebs-csi-controller-sa"
  }

  depends_on = [aws_eks_addon.pod_identity, aws_iam_role_policy_attachment.volumes]
}

resource "aws_iam_role" "volumes" {
  for_each = var.site == null ? {} : local.created

  name_prefix = "${substr(each.value.name, 0, 26)}-volumes-"
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
      Condition = {
        StringEquals = {
          "aws:RequestTag/kubernetes-namespace"       = "kube-system"
          "aws:RequestTag/kubernetes-service-account" = "ebs-csi-controller-sa"
          "aws:RequestTag/eks-cluster-arn"            = aws_eks_cluster.this["cluster"].arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "volumes" {
  for_each = var.site == null ? {} : local.created

  role       = aws_iam_role.volumes["cluster"].name
  policy_arn = "${local.managed}/service-role/AmazonEBSCSIDriverPolicy"
}
